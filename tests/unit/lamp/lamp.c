/* For test_symbols.py, which knows these lines and addresses. The ELF files are made so, N 4 and 5:

   arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -O1 -gdwarf-N -ffreestanding -nostdlib \
       -Wl,-Ttext=0x60002000 -Wl,-e,main -fdebug-prefix-map=$PWD=. lamp.c -o dwarfN.elf */

static volatile int lamp;

__attribute__((noinline)) int blink(int times)
{
    while (times-- > 0)
        lamp ^= 1;
    return lamp;
}

int main(void)
{
    return blink(3) + 1;
}
