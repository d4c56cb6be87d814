/*
 * The peer: libaddrxlat of libkdumpfile, which walks x86-64 tables for debuggers, on the same bytes. An add-on of its own,
 * built where the library's development files are installed.
 */
#include <libkdumpfile/addrxlat.h>
#include <node_api.h>

/* The memory whose pages the library asks for; its byte i is physical address i. */
struct image {
  const uint8_t *bytes;
};

static void put_page(const addrxlat_buffer_t *buf) { (void)buf; }

static addrxlat_status get_page(const addrxlat_cb_t *cb, addrxlat_buffer_t *buf) {
  const struct image *image = cb->priv;
  buf->addr.addr &= ~(addrxlat_addr_t)0xfff;
  buf->ptr = image->bytes + buf->addr.addr;
  buf->size = 4096;
  buf->byte_order = ADDRXLAT_LITTLE_ENDIAN;
  buf->put_page = put_page;
  return ADDRXLAT_OK;
}

static unsigned long read_caps(const addrxlat_cb_t *cb) {
  (void)cb;
  return ADDRXLAT_CAPS(ADDRXLAT_KPHYSADDR) | ADDRXLAT_CAPS(ADDRXLAT_MACHPHYSADDR);
}

/* translateAddrxlat(memory, pgd, in, out, n): how many have an address. */
static napi_value translate(napi_env env, napi_callback_info info) {
  napi_value argv[5], result;
  size_t argc = 5, length;
  napi_typedarray_type type;
  void *data = NULL;
  double arg[4] = {0};
  napi_get_cb_info(env, info, &argc, argv, NULL, NULL);
  if (argc < 5 || napi_get_typedarray_info(env, argv[0], &type, &length, &data, NULL, NULL) != napi_ok || !data) {
    napi_throw_type_error(env, NULL, "the first argument is the memory, a Uint8Array");
    return NULL;
  }
  for (int n = 0; n < 4; n++) napi_get_value_double(env, argv[n + 1], &arg[n]);

  struct image image = {data};
  addrxlat_ctx_t *ctx = addrxlat_ctx_new();
  addrxlat_cb_t *cb = addrxlat_ctx_add_cb(ctx);
  cb->priv = &image;
  cb->get_page = get_page;
  cb->read_caps = read_caps;
  addrxlat_meth_t meth = {
      .kind = ADDRXLAT_PGT,
      .target_as = ADDRXLAT_MACHPHYSADDR,
      .param.pgt = {.root = {(addrxlat_addr_t)arg[0], ADDRXLAT_MACHPHYSADDR},
                    .pf = {.pte_format = ADDRXLAT_PTE_X86_64, .nfields = 5, .fieldsz = {12, 9, 9, 9, 9}}},
  };
  const uint64_t *in = (const uint64_t *)((const uint8_t *)data + (uint64_t)arg[1]);
  uint64_t *out = (uint64_t *)((uint8_t *)data + (uint64_t)arg[2]);
  uint64_t found = 0;
  for (uint64_t i = 0; i < (uint64_t)arg[3]; i++) {
    addrxlat_step_t step = {.ctx = ctx, .sys = NULL, .meth = &meth, .base = {in[i], ADDRXLAT_KVADDR}};
    int ok = addrxlat_walk(&step) == ADDRXLAT_OK;
    out[i] = ok ? step.base.addr : ~0ull;
    found += ok;
  }
  addrxlat_ctx_decref(ctx);
  napi_create_double(env, (double)found, &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value value;
  napi_create_function(env, "translateAddrxlat", NAPI_AUTO_LENGTH, translate, NULL, &value);
  napi_set_named_property(env, exports, "translateAddrxlat", value);
  return exports;
}
