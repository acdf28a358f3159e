"""NXP i.MX RT models."""
