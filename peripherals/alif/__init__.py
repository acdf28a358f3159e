"""Alif Ensemble models."""
