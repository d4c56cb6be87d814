/* s390 with two to five levels, by the types in the entries: the walk of one address, and the lockless walk of a range. */
#include "entries.h"

/* Tables are big-endian. */
ALWAYS u64 s390_load(const uint8_t *m, u64 at) { return __builtin_bswap64(LOAD(m + at)); }

ALWAYS unsigned s390_type(u64 e) { return (e & S390_TT) >> 2; }
ALWAYS unsigned s390_shift(unsigned type) { return 20 + 11 * type; }
ALWAYS u64 s390_offset(u64 addr, unsigned type) { return (addr >> s390_shift(type) & 0x7ff) << 3; }

/* `top`: the type of the top table, or -1 where its slot 0 says it. */
ALWAYS u64 s390_translate(const uint8_t *m, u64 pgd, u64 addr, int top) {
  unsigned type = top < 0 ? s390_type(s390_load(m, pgd)) : (unsigned)top;
  if (type < 3 && addr >> (s390_shift(type) + 11)) return ~0ull;
  u64 e = s390_load(m, pgd + s390_offset(addr, type));
  if (s390_type(e) != type) return ~0ull;
  switch (type) {
    case 3:
      if ((e & S390_INVALID) || !(e & S390_ORIGIN) || (e & S390_REGION_BAD)) return ~0ull;
      e = s390_load(m, (e & S390_ORIGIN) + s390_offset(addr, 2));
      if (s390_type(e) < 2) return ~0ull;
      /* fallthrough */
    case 2:
      if (e == 0x28 || !(e & S390_ORIGIN) || s390_type(e) > 2 || (e & S390_REGION_BAD)) return ~0ull;
      e = s390_load(m, (e & S390_ORIGIN) + s390_offset(addr, 1));
      if (s390_type(e) < 1) return ~0ull;
      /* fallthrough */
    case 1:
      if (e == 0x24 || !(e & S390_ORIGIN)) return ~0ull;
      if (s390_type(e) == 1 && (e & S390_LARGE)) return (e & -(1ull << 31)) + (addr & 0x7fffffff);
      if (s390_type(e) > 1 || (e & S390_REGION_BAD)) return ~0ull;
      e = s390_load(m, (e & S390_ORIGIN) + s390_offset(addr, 0));
      /* fallthrough */
    default:
      if (e == S390_INVALID) return ~0ull;
      if (e & S390_LARGE) return (e & -(1ull << 20)) + (addr & 0xfffff);
      if (s390_type(e) > 0 || (e & S390_SEGMENT_BAD)) return ~0ull;
      e = s390_load(m, (e & ~0x7ffull) + (addr >> 9 & 0x7f8));
      if (e == S390_PTE_EMPTY || !(e & S390_PTE_PRESENT)) return ~0ull;
      return (e & S390_ORIGIN) + (addr & 0xfff);
  }
}

ALWAYS int s390_pte_range(const uint8_t *m, u64 pmdp, u64 pmd, u64 addr, u64 end, struct pin *pin) {
  u64 ptep = (pmd & ~0x7ffull) + (addr >> 9 & 0x7f8);
  u64 need = S390_PTE_PRESENT | (pin->write ? S390_PTE_WRITE : 0);
  if (s390_type(pmd) > 0 || (pmd & S390_SEGMENT_BAD)) return 0;
  do {
    u64 pte = s390_load(m, ptep);
    if ((pte & need) != need || (pte & S390_PTE_SPECIAL)) return 0;
    u64 pfn = pte >> 12;
    if (!try_get(pin, pfn, 1)) return 0;
    if (s390_load(m, pmdp) != pmd || s390_load(m, ptep) != pte) return put(pin, pfn, 1);
    pin->frames[pin->n++] = pfn;
    ptep += 8;
    addr += 4096;
  } while (addr != end);
  return 1;
}

ALWAYS int s390_leaf(const uint8_t *m, u64 p, u64 e, u64 size, u64 writable, u64 addr, u64 next, struct pin *pin) {
  if (pin->write && !(e & writable)) return 0;
  u64 head = (e & -size) >> 12;
  u64 pfn = head + ((addr & (size - 1)) >> 12);
  u64 pages = (next - addr) >> 12;
  if (!try_get(pin, head, pages)) return 0;
  if (s390_load(m, p) != e) return put(pin, head, pages);
  while (pages--) pin->frames[pin->n++] = pfn++;
  return 1;
}

/* pXd_offset_lockless: a folded level hands on the pointer that was read. */
ALWAYS u64 s390_down(u64 p, u64 e, unsigned type, u64 addr) {
  return s390_type(e) < type ? p : (e & S390_ORIGIN) + s390_offset(addr, type - 1);
}

ALWAYS int s390_pmd_range(const uint8_t *m, u64 p, u64 addr, u64 end, struct pin *pin) {
  u64 next;
  do {
    u64 pmd = s390_load(m, p);
    next = addr_end(addr, end, 1ull << 20);
    if (pmd == S390_INVALID) return 0;
    if (pmd & S390_LARGE ? !s390_leaf(m, p, pmd, 1ull << 20, 0x2, addr, next, pin)
                         : !s390_pte_range(m, p, pmd, addr, next, pin))
      return 0;
  } while (p += 8, addr = next, addr != end);
  return 1;
}

ALWAYS int s390_pud_range(const uint8_t *m, u64 p, u64 addr, u64 end, struct pin *pin) {
  u64 next;
  do {
    u64 pud = s390_load(m, p);
    next = addr_end(addr, end, 1ull << 31);
    if (s390_type(pud) >= 1 && !(pud & S390_ORIGIN)) return 0;
    if (s390_type(pud) == 1 && (pud & S390_LARGE) ? !s390_leaf(m, p, pud, 1ull << 31, 0x1, addr, next, pin)
                                                 : !s390_pmd_range(m, s390_down(p, pud, 1, addr), addr, next, pin))
      return 0;
  } while (p += 8, addr = next, addr != end);
  return 1;
}

ALWAYS int s390_p4d_range(const uint8_t *m, u64 p, u64 addr, u64 end, int aware, struct pin *pin) {
  u64 next;
  do {
    u64 p4d = s390_load(m, p);
    next = addr_end(addr, end, 1ull << (aware ? s390_shift(s390_type(p4d)) : 42));
    if (s390_type(p4d) >= 2 && !(p4d & S390_ORIGIN)) return 0;
    if (!s390_pud_range(m, s390_down(p, p4d, 2, addr), addr, next, pin)) return 0;
  } while (p += 8, addr = next, addr != end);
  return 1;
}

ALWAYS void s390_pin_range(const uint8_t *m, u64 pgd, u64 addr, u64 end, u64 limit, int aware, struct pin *pin) {
  u64 p = pgd + s390_offset(addr, s390_type(s390_load(m, pgd)));
  u64 next;
  if (end > limit) return;
  do {
    u64 e = s390_load(m, p);
    next = addr_end(addr, end, 1ull << (aware ? s390_shift(s390_type(e)) : 53));
    if (s390_type(e) >= 3 && (e & S390_INVALID)) return;
    if (!s390_p4d_range(m, s390_down(p, e, 3, addr), addr, next, aware, pin)) return;
  } while (p += 8, addr = next, addr != end);
}
