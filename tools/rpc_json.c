// rpc_json.c - JSON to msgpack and back.
#include "rpc_json.h"

#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "utf8.h"

struct rpc_value {
    json_t *json;
};

// ---- base64 ----

// The bytes of a text, malloc'd; NULL: it is none, or out of memory.
static unsigned char *
decode(const json_t *text, size_t *size)
{
    const char *from = json_string_value(text);
    size_t length = json_string_length(text);
    unsigned char *bytes = malloc(length / 4 * 3 + 1);
    int got = -1;

    if (bytes != NULL && length % 4 == 0 && length <= INT_MAX) {
        got = EVP_DecodeBlock(bytes, (const unsigned char *)from, (int)length);
    }
    if (got < 0) {
        free(bytes);
        return NULL;
    }
    // It counts the padding as bytes.
    *size = (size_t)got - (length > 0 && from[length - 1] == '=') -
            (length > 1 && from[length - 2] == '=');
    return bytes;
}

static void
print_base64(FILE *out, const char *bytes, size_t size)
{
    unsigned char text[4 * 1024 / 3 + 8];
    const size_t piece = 3 * 256;

    (void)fputc('"', out); // whoever closes it looks for errors
    while (size > 0) {
        size_t now = size < piece ? size : piece;

        (void)EVP_EncodeBlock(text, (const unsigned char *)bytes, (int)now);
        (void)fputs((const char *)text, out);
        bytes += now;
        size -= now;
    }
    (void)fputc('"', out);
}

// NOLINTBEGIN(misc-no-recursion): values are as deep as jansson reads them, at
// most 2048, and results as rpc.depth_max lets them be.

// ---- reading ----

static bool
is_base64(const json_t *text)
{
    size_t size;
    unsigned char *bytes = json_is_string(text) ? decode(text, &size) : NULL;

    free(bytes);
    return bytes != NULL;
}

// The value of an object's only key, if that is it.
static const json_t *
only(const json_t *object, const char *key)
{
    return json_object_size(object) == 1 ? json_object_get(object, key) : NULL;
}

static bool
is_ext(const json_t *ext)
{
    json_int_t type = json_integer_value(json_array_get(ext, 0));

    return json_array_size(ext) == 2 &&
           json_is_integer(json_array_get(ext, 0)) && type >= -128 &&
           type <= 127 && is_base64(json_array_get(ext, 1));
}

static const char *
fault_of(const json_t *json);

static const char *
fault_of_map(const json_t *map)
{
    const char *fault = json_is_array(map) ? NULL : "$map is an array of pairs";
    const json_t *pair;
    size_t i;

    json_array_foreach(map, i, pair)
    {
        if (fault == NULL && json_array_size(pair) != 2) {
            fault = "$map is an array of pairs";
        }
        if (fault == NULL) {
            fault = fault_of(json_array_get(pair, 0));
        }
        if (fault == NULL) {
            fault = fault_of(json_array_get(pair, 1));
        }
    }
    return fault;
}

static const char *
fault_of_object(const json_t *json)
{
    const char *fault = NULL, *key;
    json_t *object = (json_t *)json, *value; // iterating changes nothing

    if (only(json, "$bin") != NULL) {
        return is_base64(only(json, "$bin")) ? NULL : "$bin is base64";
    }
    if (only(json, "$str") != NULL) {
        return is_base64(only(json, "$str")) ? NULL : "$str is base64";
    }
    if (only(json, "$ext") != NULL) {
        return is_ext(only(json, "$ext"))
                   ? NULL
                   : "$ext is [type, base64], with a type of -128..127";
    }
    if (only(json, "$map") != NULL) {
        return fault_of_map(only(json, "$map"));
    }
    json_object_foreach(object, key, value)
    {
        fault = fault == NULL ? fault_of(value) : fault;
    }
    return fault;
}

// Why it can't be packed; NULL: it can.
static const char *
fault_of(const json_t *json)
{
    const char *fault = NULL;
    const json_t *value;
    size_t i;

    if (json_is_object(json)) {
        return fault_of_object(json);
    }
    json_array_foreach(json, i, value)
    {
        fault = fault == NULL ? fault_of(value) : fault;
    }
    return fault;
}

struct rpc_value *
rpc_value_read(const char *text, char *sentence, size_t sentence_size)
{
    struct rpc_value *value = calloc(1, sizeof *value);
    const char *fault = NULL;
    json_error_t error;

    if (value == NULL) {
        (void)snprintf(sentence, sentence_size, "out of memory"); // it fits
        return NULL;
    }
    value->json = json_loads(text, JSON_DECODE_ANY, &error);
    if (value->json == NULL) {
        (void)snprintf(sentence, sentence_size,
                       "not JSON: %s (a text needs quotes: '\"text\"')",
                       error.text); // may be cut
    } else if ((fault = fault_of(value->json)) != NULL) {
        (void)snprintf(sentence, sentence_size, "%s", fault); // may be cut
    }
    if (value->json == NULL || fault != NULL) {
        rpc_value_free(value);
        return NULL;
    }
    return value;
}

void
rpc_value_free(struct rpc_value *value)
{
    if (value != NULL) {
        json_decref(value->json);
        free(value);
    }
}

// ---- packing ----

static int
pack(const json_t *json, msgpack_packer *packer);

static int
pack_bytes(const json_t *json, msgpack_packer *packer)
{
    const json_t *bin = only(json, "$bin"), *ext = only(json, "$ext");
    const json_t *text = bin != NULL   ? bin
                         : ext != NULL ? json_array_get(ext, 1)
                                       : only(json, "$str");
    size_t size = 0;
    unsigned char *bytes = decode(text, &size);
    int failed;

    if (bytes == NULL) {
        return -1;
    }
    if (bin != NULL) {
        failed = msgpack_pack_bin_with_body(packer, bytes, size);
    } else if (ext != NULL) {
        failed = msgpack_pack_ext_with_body(
            packer, bytes, size,
            (int8_t)json_integer_value(json_array_get(ext, 0)));
    } else {
        failed = msgpack_pack_str_with_body(packer, bytes, size);
    }
    free(bytes);
    return failed;
}

static int
pack_map(const json_t *map, msgpack_packer *packer)
{
    int failed = msgpack_pack_map(packer, json_array_size(map));
    const json_t *pair;
    size_t i;

    json_array_foreach(map, i, pair)
    {
        failed |= pack(json_array_get(pair, 0), packer);
        failed |= pack(json_array_get(pair, 1), packer);
    }
    return failed;
}

static int
pack_object(const json_t *json, msgpack_packer *packer)
{
    json_t *object = (json_t *)json, *value; // iterating changes nothing
    const char *key;
    int failed;

    if (only(json, "$bin") != NULL || only(json, "$ext") != NULL ||
        only(json, "$str") != NULL) {
        return pack_bytes(json, packer);
    }
    if (only(json, "$map") != NULL) {
        return pack_map(only(json, "$map"), packer);
    }
    failed = msgpack_pack_map(packer, json_object_size(json));
    json_object_foreach(object, key, value)
    {
        failed |= msgpack_pack_str_with_body(packer, key, strlen(key));
        failed |= pack(value, packer);
    }
    return failed;
}

static int
pack_array(const json_t *json, msgpack_packer *packer)
{
    int failed = msgpack_pack_array(packer, json_array_size(json));
    const json_t *value;
    size_t i;

    json_array_foreach(json, i, value)
    {
        failed |= pack(value, packer);
    }
    return failed;
}

static int
pack(const json_t *json, msgpack_packer *packer)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return pack_object(json, packer);
    case JSON_ARRAY:
        return pack_array(json, packer);
    case JSON_STRING:
        return msgpack_pack_str_with_body(packer, json_string_value(json),
                                          json_string_length(json));
    case JSON_INTEGER:
        return msgpack_pack_int64(packer, json_integer_value(json));
    case JSON_REAL:
        return msgpack_pack_double(packer, json_real_value(json));
    case JSON_TRUE:
        return msgpack_pack_true(packer);
    case JSON_FALSE:
        return msgpack_pack_false(packer);
    default:
        return msgpack_pack_nil(packer);
    }
}

bool
rpc_value_pack(const struct rpc_value *value, msgpack_packer *packer)
{
    return pack(value->json, packer) == 0;
}

// ---- printing ----

static void
print_text(FILE *out, const char *text, size_t size)
{
    (void)fputc('"', out); // whoever closes it looks for errors
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\') {
            (void)fprintf(out, "\\%c", c);
        } else if (c == '\n') {
            (void)fputs("\\n", out);
        } else if (c < ' ' || c == 0x7f) {
            (void)fprintf(out, "\\u%04x", c);
        } else {
            (void)fputc(c, out);
        }
    }
    (void)fputc('"', out);
}

static void
print_str(FILE *out, const msgpack_object_str *str)
{
    if (utf8_is_valid(str->ptr, str->size)) {
        print_text(out, str->ptr, str->size);
    } else {
        (void)fputs("{\"$str\":", out);
        print_base64(out, str->ptr, str->size);
        (void)fputc('}', out);
    }
}

static void
print_real(FILE *out, double real)
{
    char text[40];

    if (!isfinite(real)) { // JSON has no word for it
        (void)fprintf(out, "\"%s\"",
                      isnan(real)     ? "NaN"
                      : signbit(real) ? "-Infinity"
                                      : "Infinity");
        return;
    }
    (void)snprintf(text, sizeof text, "%.17g", real); // it fits
    (void)fputs(text, out);
    if (strpbrk(text, ".e") == NULL) {
        (void)fputs(".0", out); // else it would be an integer
    }
}

static bool
keys_are_texts(const msgpack_object_map *map)
{
    for (uint32_t i = 0; i < map->size; i++) {
        const msgpack_object *key = &map->ptr[i].key;

        if (key->type != MSGPACK_OBJECT_STR ||
            !utf8_is_valid(key->via.str.ptr, key->via.str.size)) {
            return false;
        }
    }
    return true;
}

static void
print_map(FILE *out, const msgpack_object_map *map)
{
    bool texts = keys_are_texts(map);

    (void)fputs(texts ? "{" : "{\"$map\":[", out);
    for (uint32_t i = 0; i < map->size; i++) {
        (void)fputs(i > 0 ? "," : "", out);
        (void)fputs(texts ? "" : "[", out);
        rpc_json_print(out, &map->ptr[i].key);
        (void)fputc(texts ? ':' : ',', out);
        rpc_json_print(out, &map->ptr[i].val);
        (void)fputs(texts ? "" : "]", out);
    }
    (void)fputs(texts ? "}" : "]}", out);
}

static void
print_array(FILE *out, const msgpack_object_array *array)
{
    (void)fputc('[', out);
    for (uint32_t i = 0; i < array->size; i++) {
        (void)fputs(i > 0 ? "," : "", out);
        rpc_json_print(out, &array->ptr[i]);
    }
    (void)fputc(']', out);
}

void
rpc_json_print(FILE *out, const msgpack_object *object)
{
    switch (object->type) {
    case MSGPACK_OBJECT_NIL:
        (void)fputs("null", out); // whoever closes it looks for errors
        break;
    case MSGPACK_OBJECT_BOOLEAN:
        (void)fputs(object->via.boolean ? "true" : "false", out);
        break;
    case MSGPACK_OBJECT_POSITIVE_INTEGER:
        (void)fprintf(out, "%" PRIu64, object->via.u64);
        break;
    case MSGPACK_OBJECT_NEGATIVE_INTEGER:
        (void)fprintf(out, "%" PRIi64, object->via.i64);
        break;
    case MSGPACK_OBJECT_FLOAT32:
    case MSGPACK_OBJECT_FLOAT64:
        print_real(out, object->via.f64);
        break;
    case MSGPACK_OBJECT_STR:
        print_str(out, &object->via.str);
        break;
    case MSGPACK_OBJECT_BIN:
        (void)fputs("{\"$bin\":", out);
        print_base64(out, object->via.bin.ptr, object->via.bin.size);
        (void)fputc('}', out);
        break;
    case MSGPACK_OBJECT_EXT:
        (void)fprintf(out, "{\"$ext\":[%d,", object->via.ext.type);
        print_base64(out, object->via.ext.ptr, object->via.ext.size);
        (void)fputs("]}", out);
        break;
    case MSGPACK_OBJECT_MAP:
        print_map(out, &object->via.map);
        break;
    case MSGPACK_OBJECT_ARRAY:
        print_array(out, &object->via.array);
        break;
    default:
        (void)fputs("null", out);
        break;
    }
}

// NOLINTEND(misc-no-recursion)
