/* x86-64 with four levels: the walk of one address, and the lockless walk of a range. */
#include "entries.h"

ALWAYS u64 x86_frame(u64 e) {
  /* Where P is 0 the frame is stored inverted. */
  return (e ^ (e && !(e & X86_P) ? ~0ull : 0)) & X86_FRAME;
}

ALWAYS u64 x86_translate(const uint8_t *m, u64 pgd, u64 addr) {
  if ((u64)((int64_t)addr >> 47) + 1 > 1) return ~0ull;
  u64 e = LOAD(m + pgd + (addr >> 36 & 0xff8));
  if (!(e & ~(u64)(X86_A | X86_D)) || !(e & X86_P) || (e & X86_FLAGS & ~(X86_TABLE | X86_US | X86_NX))) return ~0ull;
  e = LOAD(m + (e & X86_FRAME) + (addr >> 27 & 0xff8));
  if (!(e & ~(u64)(X86_A | X86_D)) || !(e & X86_P)) return ~0ull;
  if (e & X86_PSE) return (e & X86_FRAME & ~0x3fffffffull) + (addr & 0x3fffffff);
  if (e & X86_FLAGS & ~(X86_TABLE | X86_US)) return ~0ull;
  e = LOAD(m + (e & X86_FRAME) + (addr >> 18 & 0xff8));
  if (!(e & ~(u64)(X86_A | X86_D)) || !(e & (X86_P | X86_PROTNONE | X86_PSE))) return ~0ull;
  if (e & X86_PSE) return (x86_frame(e) & ~0x1fffffull) + (addr & 0x1fffff);
  if ((e & X86_FLAGS & ~(u64)(X86_US | X86_A)) != (X86_TABLE & ~(u64)X86_A)) return ~0ull;
  e = LOAD(m + (e & X86_FRAME) + (addr >> 9 & 0xff8));
  if (!(e & ~(u64)(X86_A | X86_D)) || !(e & (X86_P | X86_PROTNONE))) return ~0ull;
  return x86_frame(e) + (addr & 0xfff);
}

ALWAYS int x86_permits(u64 e, int write) {
  u64 need = X86_P | X86_US | (write ? X86_RW : 0);
  return (e & need) == need;
}

ALWAYS int x86_pte_range(const uint8_t *m, u64 pmdp, u64 pmd, u64 addr, u64 end, struct pin *pin) {
  u64 ptep = (pmd & X86_FRAME) + (addr >> 9 & 0xff8);
  if ((pmd & X86_FLAGS & ~(u64)(X86_US | X86_A)) != (X86_TABLE & ~(u64)X86_A)) return 0;
  do {
    u64 pte = LOAD(m + ptep);
    if (!x86_permits(pte, pin->write) || (pte & X86_SPECIAL)) return 0;
    u64 pfn = x86_frame(pte) >> 12;
    if (!try_get(pin, pfn, 1)) return 0;
    if (LOAD(m + pmdp) != pmd || LOAD(m + ptep) != pte) return put(pin, pfn, 1);
    pin->frames[pin->n++] = pfn;
    ptep += 8;
    addr += 4096;
  } while (addr != end);
  return 1;
}

ALWAYS int x86_leaf(const uint8_t *m, u64 p, u64 e, u64 size, u64 addr, u64 next, struct pin *pin) {
  if (!x86_permits(e, pin->write) || (e & X86_SPECIAL)) return 0;
  u64 head = (x86_frame(e) & -size) >> 12;
  u64 pfn = head + ((addr & (size - 1)) >> 12);
  u64 pages = (next - addr) >> 12;
  if (!try_get(pin, head, pages)) return 0;
  if (LOAD(m + p) != e) return put(pin, head, pages);
  while (pages--) pin->frames[pin->n++] = pfn++;
  return 1;
}

ALWAYS int x86_pmd_range(const uint8_t *m, u64 pud, u64 addr, u64 end, struct pin *pin) {
  u64 p = (pud & X86_FRAME) + (addr >> 18 & 0xff8);
  u64 next;
  do {
    u64 pmd = LOAD(m + p);
    next = addr_end(addr, end, 1ull << 21);
    if (!(pmd & (X86_P | X86_PROTNONE | X86_PSE))) return 0;
    if (pmd & X86_PSE ? !x86_leaf(m, p, pmd, 1ull << 21, addr, next, pin)
                      : !x86_pte_range(m, p, pmd, addr, next, pin))
      return 0;
  } while (p += 8, addr = next, addr != end);
  return 1;
}

ALWAYS int x86_pud_range(const uint8_t *m, u64 p4d, u64 addr, u64 end, struct pin *pin) {
  u64 p = (p4d & X86_FRAME) + (addr >> 27 & 0xff8);
  u64 next;
  do {
    u64 pud = LOAD(m + p);
    next = addr_end(addr, end, 1ull << 30);
    if (!(pud & X86_P)) return 0;
    if (pud & X86_PSE ? !x86_leaf(m, p, pud, 1ull << 30, addr, next, pin)
                      : !x86_pmd_range(m, pud, addr, next, pin))
      return 0;
  } while (p += 8, addr = next, addr != end);
  return 1;
}

/* p4d is folded at boot: it is the pgd entry, read once. */
ALWAYS void x86_pin_range(const uint8_t *m, u64 pgd, u64 addr, u64 end, struct pin *pin) {
  u64 p = pgd + (addr >> 36 & 0xff8);
  u64 next;
  if (end > 0x7ffffffff000ull) return;
  do {
    u64 e = LOAD(m + p);
    next = addr_end(addr, end, 1ull << 39);
    if (!(e & X86_P)) return;
    if (!x86_pud_range(m, e, addr, next, pin)) return;
  } while (p += 8, addr = next, addr != end);
}
