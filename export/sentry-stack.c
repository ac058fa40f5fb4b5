/* SPDX-License-Identifier: Apache-2.0 */
#include "export/sentry-stack.h"

#include "base/hex.h"
#include "base/path.h"

enum { FRAMES_MOST = 128, IMAGES_MOST = 256, DEBUG_ID = 16 };

#define NAME(j, literal) json_name((j), STR(literal))

static struct attributes map_of(const struct value *v)
{
	return v && v->type == VALUE_MAP ? (struct attributes){ v->map.item, v->map.n, 0 }
					 : (struct attributes){ 0 };
}

static const struct value *list_of(struct attributes a, struct str key)
{
	const struct value *v = attributes_find(a, key);

	return v && v->type == VALUE_ARRAY ? v : NULL;
}

static void put_int(struct json *j, struct str name, int64_t n)
{
	if (!n)
		return;
	json_name(j, name);
	json_i64(j, n);
}

/* The program's own code: what people look for first. */
static bool is_own(struct str module)
{
	static const struct str system[] = { { "libc.so", 7 },	     { "libc-", 5 },
					     { "libstdc++.so", 12 }, { "libgcc_s.so", 11 },
					     { "ld-linux", 8 },	     { "liboriel", 8 } };

	module = path_name(module);
	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		if (str_starts(module, system[i]))
			return false;
	return module.n != 0;
}

static void frame_json(struct json *j, struct attributes f)
{
	struct str file = attributes_text(f, STR("file")),
		   module = attributes_text(f, STR("module"));

	json_open(j, '{');
	json_some_str(j, STR("function"), attributes_text(f, STR("function")));
	json_some_str(j, STR("filename"), path_name(file));
	json_some_str(j, STR("abs_path"), file);
	put_int(j, STR("lineno"), attributes_int(f, STR("line"), 0));
	put_int(j, STR("colno"), attributes_int(f, STR("column"), 0));
	json_some_str(j, STR("instruction_addr"), attributes_text(f, STR("address")));
	json_some_str(j, STR("package"), module);
	NAME(j, "in_app");
	json_bool(j, is_own(module));
	json_close(j, '}');
}

/* Sentry wants the outermost first. */
static void frames_json(struct json *j, const struct value *frames)
{
	size_t n = frames->array.n < FRAMES_MOST ? frames->array.n : FRAMES_MOST;

	NAME(j, "frames");
	json_open(j, '[');
	while (n--)
		frame_json(j, map_of(&frames->array.item[n]));
	json_close(j, ']');
}

static void registers_json(struct json *j, struct attributes registers)
{
	if (!registers.n)
		return;
	NAME(j, "registers");
	json_open(j, '{');
	for (size_t i = 0; i < registers.n; i++)
		if (registers.item[i].value.type == VALUE_STRING) {
			json_key(j, registers.item[i].key);
			json_str(j, registers.item[i].value.text);
		}
	json_close(j, '}');
}

static void mechanism_json(struct json *j, struct attributes a)
{
	bool crash = attributes_find(a, STR("oriel.crash")) != NULL;

	NAME(j, "mechanism");
	json_open(j, '{');
	NAME(j, "type");
	json_str(j, crash ? STR("signalhandler") : STR("generic"));
	NAME(j, "handled");
	json_bool(j, !crash);
	if (attributes_int(a, STR("signal.number"), 0)) {
		NAME(j, "synthetic");
		json_bool(j, true);
		NAME(j, "meta");
		json_open(j, '{');
		NAME(j, "signal");
		json_open(j, '{');
		NAME(j, "number");
		json_i64(j, attributes_int(a, STR("signal.number"), 0));
		json_some_str(j, STR("name"), attributes_text(a, STR("signal.name")));
		NAME(j, "code");
		json_i64(j, attributes_int(a, STR("signal.code"), 0));
		json_some_str(j, STR("code_name"), attributes_text(a, STR("signal.code_name")));
		json_close(j, '}');
		json_close(j, '}');
	}
	json_close(j, '}');
}

void sentry_stack_json(struct json *j, struct attributes a)
{
	const struct value *frames = list_of(a, STR("oriel.frames"));

	if (frames || attributes_find(a, STR("oriel.crash")))
		mechanism_json(j, a);
	if (!frames)
		return;
	put_int(j, STR("thread_id"), attributes_int(a, STR("thread.id"), 0));
	NAME(j, "stacktrace");
	json_open(j, '{');
	frames_json(j, frames);
	registers_json(j, map_of(attributes_find(a, STR("oriel.registers"))));
	json_close(j, '}');
}

static void threads_json(struct json *j, struct attributes a)
{
	int64_t id = attributes_int(a, STR("thread.id"), 0);

	if (!id || !attributes_find(a, STR("oriel.crash")))
		return;
	NAME(j, "threads");
	json_open(j, '{');
	NAME(j, "values");
	json_open(j, '[');
	json_open(j, '{');
	put_int(j, STR("id"), id);
	json_some_str(j, STR("name"), attributes_text(a, STR("thread.name")));
	NAME(j, "crashed");
	json_bool(j, true);
	NAME(j, "current");
	json_bool(j, true);
	json_close(j, '}');
	json_close(j, ']');
	json_close(j, '}');
}

/* The first 16 bytes of a build id as a UUID whose first three fields are little-endian. */
static bool debug_id(struct str build_id, char out[36])
{
	static const unsigned char order[DEBUG_ID] = { 3, 2, 1,	 0,  5,	 4,  7,	 6,
						       8, 9, 10, 11, 12, 13, 14, 15 };
	uint8_t b[DEBUG_ID] = { 0 };
	size_t n = build_id.n / 2 < DEBUG_ID ? build_id.n / 2 : DEBUG_ID, at = 0;

	if (!n || !hex_read(b, n, str_first(build_id, 2 * n), false))
		return false;
	for (size_t i = 0; i < DEBUG_ID; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			out[at++] = '-';
		hex_write(out + at, &b[order[i]], 1);
		at += 2;
	}
	return true;
}

static uint64_t hex_number(struct str text)
{
	uint64_t n = 0;

	for (text = str_from(text, 2); text.n && hex_digit(text.p[0], false) >= 0;
	     text = str_from(text, 1))
		n = n << 4 | (uint64_t)hex_digit(text.p[0], false);
	return n;
}

static void image_json(struct json *j, struct attributes m)
{
	struct str begin = attributes_text(m, STR("begin")),
		   id = attributes_text(m, STR("build_id"));
	uint64_t size = hex_number(attributes_text(m, STR("end"))) - hex_number(begin);
	char uuid[36];

	if (!debug_id(id, uuid))
		return;
	json_open(j, '{');
	NAME(j, "type");
	json_str(j, STR("elf"));
	json_some_str(j, STR("image_addr"), begin);
	NAME(j, "image_size");
	json_u64(j, size);
	NAME(j, "debug_id");
	json_str(j, (struct str){ uuid, sizeof(uuid) });
	json_some_str(j, STR("code_id"), id);
	json_some_str(j, STR("code_file"), attributes_text(m, STR("path")));
	json_close(j, '}');
}

void sentry_threads_json(struct json *j, struct attributes a)
{
	const struct value *modules = list_of(a, STR("oriel.modules"));

	threads_json(j, a);
	if (!modules)
		return;
	NAME(j, "debug_meta");
	json_open(j, '{');
	NAME(j, "images");
	json_open(j, '[');
	for (size_t i = 0; i < modules->array.n && i < IMAGES_MOST; i++)
		image_json(j, map_of(&modules->array.item[i]));
	json_close(j, ']');
	json_close(j, '}');
}

bool sentry_stack_has(struct str key)
{
	return str_eq(key, STR("oriel.frames")) || str_eq(key, STR("oriel.registers")) ||
	       str_eq(key, STR("oriel.modules")) || str_eq(key, STR("oriel.breadcrumbs"));
}
