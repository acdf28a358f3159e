"""Runs on the board: collects samples for two milliseconds."""

import time

from machine import Pin, mem32

samples = []


def ready(pin):
    if pin():  # the driver calls once in advance if the pin was low
        samples.append(mem32[0x9000_0004])


Pin("D0", Pin.IN).irq(ready, Pin.IRQ_RISING)
mem32[0x9000_0000] = 250  # microseconds
time.sleep_ms(2)
print(samples)
