/* Bits of W25QxxJV's status registers ("Status Registers" of the data sheets). */
#ifndef WINBOND_H
#define WINBOND_H

/* SR1: read by 05h, written by 01h. */
#define BP(code) ((code) << 2)
#define TB 0x20
#define SEC 0x40
/* SR2: 35h, 31h. */
#define QE 0x02
#define CMP 0x40
#define SUS 0x80
/* SR3: 15h, 11h. */
#define WPS 0x04

#endif
