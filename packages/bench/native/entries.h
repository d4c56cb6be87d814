/* What the native walkers know of entries: the bits of x86-64 and s390, by the names of their manuals and of Linux. */
#ifndef ENTRIES_H
#define ENTRIES_H

#include <stdint.h>

#define ALWAYS static inline __attribute__((always_inline))

typedef uint64_t u64;

/* One load that the compiler neither leaves out nor repeats: Linux's READ_ONCE. */
#define LOAD(at) (*(const volatile u64 *)(at))

/* x86-64, Intel SDM volume 3, chapter 4; PROT_NONE and special are Linux's. */
enum {
  X86_P = 0x1,
  X86_RW = 0x2,
  X86_US = 0x4,
  X86_A = 0x20,
  X86_D = 0x40,
  X86_PSE = 0x80,
  X86_PROTNONE = 0x100,
  X86_SPECIAL = 0x200,
};
#define X86_NX (1ull << 63)
#define X86_FRAME 0x000ffffffffff000ull
#define X86_FLAGS (~X86_FRAME)
#define X86_TABLE 0x63ull

/* s390, Principles of Operation, "Dynamic Address Translation"; the software bits are Linux's up to v6.13. */
enum {
  S390_TT = 0xc,
  S390_INVALID = 0x20,
  S390_LARGE = 0x400,
  S390_PTE_PRESENT = 0x1,
  S390_PTE_WRITE = 0x20,
  S390_PTE_SPECIAL = 0x40,
  S390_PTE_EMPTY = 0x400,
  S390_REGION_BAD = 0xdd0,
  S390_SEGMENT_BAD = 0x1cc,
};
#define S390_ORIGIN (~0xfffull)

#endif
