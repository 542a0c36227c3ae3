// rpc_json.h - JSON to msgpack and back.
//
// What JSON has no word for is an object with one key that begins with "$":
//   {"$bin": "base64"}           bytes
//   {"$ext": [type, "base64"]}   an extension
//   {"$map": [[key, value], …]}  a map with a key that is not a text
//   {"$str": "base64"}           a text that is not UTF-8
// It is read as it is written.
#ifndef HAWSER_TOOL_RPC_JSON_H
#define HAWSER_TOOL_RPC_JSON_H

#include <msgpack.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// A JSON text that was read.
struct rpc_value;

// NULL: it is not JSON, or a "$" is malformed; then there is a sentence.
struct rpc_value *
rpc_value_read(const char *text, char *sentence, size_t sentence_size);

void
rpc_value_free(struct rpc_value *value);

// false: out of memory.
bool
rpc_value_pack(const struct rpc_value *value, msgpack_packer *packer);

// On one line, without the end of it.
void
rpc_json_print(FILE *out, const msgpack_object *object);

#endif
