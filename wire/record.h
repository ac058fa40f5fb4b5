/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Record: one thing that happened, as it lies in a chunk. Little-endian, as the machine has it;
 * both sides are the same machine.
 *
 *     START   head, time, trace_id[16], span_id, parent_id, name, [u8 scope], [u16 n, tracestate], attributes
 *     END     head, time, span_id, attributes
 *     SET     head, span_id, attributes
 *     EVENT   head, time, span_id, name, attributes
 *     LINK    head, span_id, trace_id[16], linked span_id, u32 flags, [u16 n, tracestate], attributes
 *     STATUS  head, span_id, message
 *     NAME    head, span_id, name
 *     LOG     head, time, trace_id[16], span_id, body, attributes
 *     THREAD  head, u64 tid: the records after it in this chunk are that thread's
 *
 * A record is a multiple of 8 bytes; its tail up to that is padding of any content. `text_n` of the
 * head is the length of the name, message or body; attributes follow it until `used`, packed:
 *
 *     u8 type, u8 key_n, u16 value_n, key, value          enum wire_type
 *     u8 type | WIRE_KNOWN, u8 number, u16 value_n, value      the key is wire/keys.h's
 *
 * A STRING's and BYTES' value is its bytes, BOOL one byte, INT and DOUBLE eight. BOOLS, INTS and
 * DOUBLES are arrays of those; STRINGS is a sequence of u16 n, bytes.
 */
#pragma once

#include <stdint.h>

enum record_type {
	RECORD_START = 1,
	RECORD_END = 2,
	RECORD_SET = 3,
	RECORD_EVENT = 4,
	RECORD_LINK = 5,
	RECORD_STATUS = 6,
	RECORD_NAME = 7,
	RECORD_LOG = 8,
	RECORD_THREAD = 9,
};

enum record_flag {
	RECORD_TIME_MONO =
		1, /* time is nanoseconds of CLOCK_MONOTONIC, whatever the segment's clock */
	RECORD_TIME_REAL = 2,	/* time is nanoseconds since the epoch, given by the program */
	RECORD_ABANDONED = 4,	/* END: an outer span ended first */
	RECORD_REMOTE = 8,	/* START: the parent is in another process */
	RECORD_TRACESTATE = 16, /* START, LINK: u16 n and n bytes stand before the attributes */
	RECORD_SETTLED = 64,	/* START: the collector's mark: this span has been delivered */
};

struct record_head {
	uint16_t size; /* of the whole record, a multiple of 8 */
	uint8_t type;
	uint8_t flags;
	uint16_t text_n; /* bytes of the name, message or body */
	uint8_t pad_n;	 /* padding bytes at the end: the attributes end at size - pad_n */
	uint8_t code;	 /* START: kind | scope << 3; END, STATUS: status; LOG: severity */
};

struct record_start {
	struct record_head head;
	uint64_t time;
	uint8_t trace_id[16];
	uint64_t span_id; /* the bytes of the W3C id, in order: not a number */
	uint64_t parent_id;
	uint8_t trace_flags;
	/* A number: it was taken by a share, as `th` in base/trace-state.h; 0: it wasn't. */
	uint8_t least[7];
};

struct record_end {
	struct record_head head;
	uint64_t time;
	uint64_t span_id;
};

/* SET, STATUS, NAME */
struct record_span {
	struct record_head head;
	uint64_t span_id;
};

struct record_event {
	struct record_head head;
	uint64_t time;
	uint64_t span_id;
};

struct record_link {
	struct record_head head;
	uint64_t span_id;
	uint8_t trace_id[16];
	uint64_t linked_id;
	uint32_t flags;
	uint32_t reserved;
};

struct record_log {
	struct record_head head;
	uint64_t time;
	uint8_t trace_id[16];
	uint64_t span_id;
	uint8_t trace_flags;
	uint8_t scope;
	uint16_t site;	/* number of the call's place in wire/names.h; 0: not known */
	uint8_t logger; /* in wire/control.h; 0: the program's own */
	uint8_t reserved[3];
};

struct record_thread {
	struct record_head head;
	uint64_t tid;
};

enum {
	RECORD_MOST = 8192, /* no record is larger */
	RECORD_KIND_BITS = 3,
	WIRE_ATTRIBUTE_HEAD = 4,
	WIRE_KNOWN = 0x80, /* of an attribute's type: its key is a number */
};

enum wire_type {
	WIRE_BOOL = 1,
	WIRE_INT = 2,
	WIRE_DOUBLE = 3,
	WIRE_STRING = 4,
	WIRE_BYTES = 5,
	WIRE_BOOLS = 6,
	WIRE_INTS = 7,
	WIRE_DOUBLES = 8,
	WIRE_STRINGS = 9,
};

/*
 * Who records: instrumentation scopes, by number on the wire. New ones at the end. From SCOPE_OWN on they are the
 * process's own, whose rows stand in wire/names.h.
 */
#define WIRE_SCOPES(X) \
	X(APPLICATION, "oriel") \
	X(LIBMICROHTTPD, "oriel.libmicrohttpd") \
	X(LIBCURL, "oriel.libcurl") \
	X(SQLITE, "oriel.sqlite") \
	X(ULFIUS, "oriel.ulfius") \
	X(EVHTTP, "oriel.evhttp") \
	X(CIVETWEB, "oriel.civetweb") \
	X(FASTCGI, "oriel.fastcgi") \
	X(SOCKETS, "oriel.sockets") \
	X(LIBPQ, "oriel.libpq") \
	X(LIBMARIADB, "oriel.libmariadb") \
	X(HIREDIS, "oriel.hiredis") \
	X(LIBRDKAFKA, "oriel.librdkafka") \
	X(LIBMONGOC, "oriel.libmongoc") \
	X(AGENT, "oriel.agent") \
	X(SYSLOG, "oriel.syslog") \
	X(JOURNAL, "oriel.journal") \
	X(STDOUT, "oriel.stdout") \
	X(STDERR, "oriel.stderr") \
	X(AUDIT, "oriel.audit")

enum wire_scope {
#define X(id, name) SCOPE_##id,
	WIRE_SCOPES(X)
#undef X
		N_SCOPES,
	SCOPE_FOLLOWS = 31, /* in START's code: its number stands behind the name */
	SCOPE_OWN = 128,
};

_Static_assert(N_SCOPES <= SCOPE_FOLLOWS, "START's code has room for them");
