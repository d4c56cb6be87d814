/*
 * Page table walks as a C compiler makes them: what the compiled engine is measured against, on the same bytes. Written
 * for this benchmark, from the architecture manuals; no bounds are checked, as none are in a kernel.
 */
#include <node_api.h>
#include <stdlib.h>

#include "entries.h"

/* One call's state: where references are counted, and where frames go. */
struct pin {
  int32_t *counts;
  u64 first;
  u64 *frames;
  u64 n;
  int write;
  int cas;
};

/* The next multiple of `size`, or `end`; compared less one, so that 0 is 2^64. */
ALWAYS u64 addr_end(u64 addr, u64 end, u64 size) {
  u64 next = (addr + size) & -size;
  return next - 1 < end - 1 ? next : end;
}

ALWAYS int try_get(struct pin *pin, u64 frame, u64 refs) {
  int32_t *count = &pin->counts[frame - pin->first];
  if (!pin->cas) {
    int32_t old = *count;
    if (old <= 0 || old > INT32_MAX - (int32_t)refs) return 0;
    *(volatile int32_t *)count = old + (int32_t)refs;
    return 1;
  }
  int32_t old = __atomic_load_n(count, __ATOMIC_RELAXED);
  do {
    if (old <= 0 || old > INT32_MAX - (int32_t)refs) return 0;
  } while (!__atomic_compare_exchange_n(count, &old, old + (int32_t)refs, 0, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
  return 1;
}

/* Gives back, and says that nothing was taken. */
ALWAYS int put(struct pin *pin, u64 frame, u64 refs) {
  if (pin->cas)
    __atomic_sub_fetch(&pin->counts[frame - pin->first], (int32_t)refs, __ATOMIC_SEQ_CST);
  else
    pin->counts[frame - pin->first] -= (int32_t)refs;
  return 0;
}

#include "s390.h"
#include "x86-64.h"

/* What the walkers are told, in the order of the arguments in JavaScript: numbers, all exact in a double. */
struct call {
  uint8_t *m;
  u64 arg[12];
};

static struct call call_of(napi_env env, napi_callback_info info) {
  struct call call = {0};
  napi_value argv[13];
  size_t argc = 13, length;
  napi_typedarray_type type;
  void *data = NULL;
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < 1 || napi_get_typedarray_info(env, argv[0], &type, &length, &data, NULL, NULL) != napi_ok || !data) {
    napi_throw_type_error(env, NULL, "the first argument is the memory, a Uint8Array");
    return call;
  }
  call.m = data;
  for (size_t n = 1; n < argc; n++) {
    double value = 0;
    napi_get_value_double(env, argv[n], &value);
    call.arg[n - 1] = (u64)value;
  }
  return call;
}

static napi_value number(napi_env env, u64 value) {
  napi_value result;
  napi_create_double(env, (double)value, &result);
  return result;
}

/* translateX(memory, pgd, in, out, n): how many have an address. */
#define TRANSLATE(name, walk)                                                      \
  static napi_value name(napi_env env, napi_callback_info info) {                  \
    struct call c = call_of(env, info);                                            \
    const uint8_t *m = c.m;                                                        \
    if (!m) return NULL;                                                           \
    u64 pgd = c.arg[0], n = c.arg[3], found = 0;                                   \
    const u64 *in = (const u64 *)(m + c.arg[1]);                                   \
    u64 *out = (u64 *)(c.m + c.arg[2]);                                            \
    for (u64 i = 0; i < n; i++) {                                                  \
      u64 addr = in[i], at = walk;                                                 \
      out[i] = at;                                                                 \
      found += at != ~0ull;                                                        \
    }                                                                              \
    return number(env, found);                                                     \
  }

TRANSLATE(translate_x86, x86_translate(m, pgd, addr))
TRANSLATE(translate_s390, s390_translate(m, pgd, addr, -1))
TRANSLATE(translate_s390_2, s390_translate(m, pgd, addr, 0))
TRANSLATE(translate_s390_3, s390_translate(m, pgd, addr, 1))
TRANSLATE(translate_s390_4, s390_translate(m, pgd, addr, 2))
TRANSLATE(translate_s390_5, s390_translate(m, pgd, addr, 3))

/* pinX(memory, pgd, starts, n, bytes, write, counts, first, frames, limit): pages of n ranges of so many bytes. */
#define PIN(name, with_cas, walk)                                                  \
  static napi_value name(napi_env env, napi_callback_info info) {                  \
    struct call c = call_of(env, info);                                            \
    const uint8_t *m = c.m;                                                        \
    if (!m) return NULL;                                                           \
    u64 pgd = c.arg[0], n = c.arg[2], bytes = c.arg[3], limit = c.arg[8], pages = 0; \
    const u64 *starts = (const u64 *)(m + c.arg[1]);                               \
    (void)limit;                                                                   \
    for (u64 i = 0; i < n; i++) {                                                  \
      struct pin pin = {(int32_t *)(c.m + c.arg[5]), c.arg[6], (u64 *)(c.m + c.arg[7]), 0, c.arg[4] != 0, with_cas}; \
      u64 addr = starts[i], end = addr + bytes;                                    \
      walk;                                                                        \
      pages += pin.n;                                                              \
    }                                                                              \
    return number(env, pages);                                                     \
  }

PIN(pin_x86, 0, x86_pin_range(m, pgd, addr, end, &pin))
PIN(pin_x86_cas, 1, x86_pin_range(m, pgd, addr, end, &pin))
PIN(pin_s390, 0, s390_pin_range(m, pgd, addr, end, limit, 0, &pin))
PIN(pin_s390_cas, 1, s390_pin_range(m, pgd, addr, end, limit, 0, &pin))
PIN(pin_s390_aware, 0, s390_pin_range(m, pgd, addr, end, limit, 1, &pin))

static void add(napi_env env, napi_value exports, const char *name, napi_callback call) {
  napi_value value;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, call, NULL, &value);
  napi_set_named_property(env, exports, name, value);
}

NAPI_MODULE_INIT() {
  add(env, exports, "translateX86", translate_x86);
  add(env, exports, "translateS390", translate_s390);
  add(env, exports, "translateS390Top0", translate_s390_2);
  add(env, exports, "translateS390Top1", translate_s390_3);
  add(env, exports, "translateS390Top2", translate_s390_4);
  add(env, exports, "translateS390Top3", translate_s390_5);
  add(env, exports, "pinX86", pin_x86);
  add(env, exports, "pinX86Cas", pin_x86_cas);
  add(env, exports, "pinS390", pin_s390);
  add(env, exports, "pinS390Cas", pin_s390_cas);
  add(env, exports, "pinS390Aware", pin_s390_aware);
  return exports;
}
