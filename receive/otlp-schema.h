/* SPDX-License-Identifier: Apache-2.0 */
/* OTLP's messages, as far as we read them: names in JSON, numbers in protobuf, and what is between. */
#pragma once

#include "export/exporter.h"

enum schema_type {
	SCHEMA_MESSAGE,
	SCHEMA_STRING,
	SCHEMA_BYTES, /* base64 in JSON */
	SCHEMA_ID,    /* hex in JSON */
	SCHEMA_BOOL,
	SCHEMA_ENUM,
	SCHEMA_VARINT, /* int64, uint32, uint64 */
	SCHEMA_ZIGZAG, /* sint32 */
	SCHEMA_FIXED32,
	SCHEMA_FIXED64, /* fixed64, sfixed64 */
	SCHEMA_DOUBLE,
};

struct schema_name {
	const char *name;
	uint32_t value;
};

struct schema_field {
	const char *name; /* lowerCamel; its snake_case form is taken, too */
	uint32_t number;
	enum schema_type type;
	bool repeated;
	const struct schema *message;	 /* MESSAGE */
	const struct schema_name *names; /* ENUM; ended by a NULL */
};

struct schema {
	const struct schema_field *field;
	size_t n;
};

/* The request of a signal. */
const struct schema *schema_request(enum signal kind);

/* NULL: nobody knows it. */
const struct schema_field *schema_find(const struct schema *s, struct str name);
