/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/libraries/redis-command.h"

#include "base/utf8.h"

enum { NAME_MOST = 24, ARGUMENT_MOST = 64, ARGUMENTS_SHOWN = 12, ARGUMENTS_MOST = 1 << 20 };

/* Which of a command's arguments are shown. */
enum shown {
	SHOW_NOTHING, /* not even how many there are */
	SHOW_FIRST,   /* a key; a subcommand */
	SHOW_TWO,     /* two keys; a subcommand and a key */
	SHOW_ALL,     /* keys, or a key and fields */
	SHOW_PAIRS,   /* key value key value */
	SHOW_FIELDS,  /* key, field value field value */
	SHOW_COUNTED, /* script, number of keys, keys, values */
};

struct row {
	char name[NAME_MOST];
	enum shown shown;
	enum redis_kind kind;
};

/* Sorted by name. */
static const struct row rows[] = {
	{ "ACL", SHOW_FIRST, REDIS_PLAIN },
	{ "APPEND", SHOW_FIRST, REDIS_PLAIN },
	{ "AUTH", SHOW_NOTHING, REDIS_PLAIN },
	{ "BITCOUNT", SHOW_FIRST, REDIS_PLAIN },
	{ "BLMOVE", SHOW_TWO, REDIS_LOOKUP },
	{ "BLPOP", SHOW_ALL, REDIS_LOOKUP },
	{ "BRPOP", SHOW_ALL, REDIS_LOOKUP },
	{ "CLIENT", SHOW_FIRST, REDIS_PLAIN },
	{ "CLUSTER", SHOW_FIRST, REDIS_PLAIN },
	{ "COMMAND", SHOW_FIRST, REDIS_PLAIN },
	{ "CONFIG", SHOW_FIRST, REDIS_PLAIN },
	{ "COPY", SHOW_TWO, REDIS_PLAIN },
	{ "DECR", SHOW_FIRST, REDIS_PLAIN },
	{ "DECRBY", SHOW_FIRST, REDIS_PLAIN },
	{ "DEL", SHOW_ALL, REDIS_PLAIN },
	{ "DUMP", SHOW_FIRST, REDIS_LOOKUP },
	{ "EVAL", SHOW_COUNTED, REDIS_PLAIN },
	{ "EVALSHA", SHOW_COUNTED, REDIS_PLAIN },
	{ "EXISTS", SHOW_ALL, REDIS_PLAIN },
	{ "EXPIRE", SHOW_FIRST, REDIS_PLAIN },
	{ "EXPIREAT", SHOW_FIRST, REDIS_PLAIN },
	{ "FCALL", SHOW_COUNTED, REDIS_PLAIN },
	{ "GEOADD", SHOW_FIRST, REDIS_PLAIN },
	{ "GET", SHOW_FIRST, REDIS_LOOKUP },
	{ "GETBIT", SHOW_FIRST, REDIS_PLAIN },
	{ "GETDEL", SHOW_FIRST, REDIS_LOOKUP },
	{ "GETEX", SHOW_FIRST, REDIS_LOOKUP },
	{ "GETRANGE", SHOW_FIRST, REDIS_PLAIN },
	{ "GETSET", SHOW_FIRST, REDIS_PLAIN },
	{ "HDEL", SHOW_ALL, REDIS_PLAIN },
	{ "HELLO", SHOW_NOTHING, REDIS_PLAIN },
	{ "HEXISTS", SHOW_ALL, REDIS_PLAIN },
	{ "HGET", SHOW_ALL, REDIS_LOOKUP },
	{ "HGETALL", SHOW_FIRST, REDIS_PLAIN },
	{ "HINCRBY", SHOW_TWO, REDIS_PLAIN },
	{ "HKEYS", SHOW_FIRST, REDIS_PLAIN },
	{ "HLEN", SHOW_FIRST, REDIS_PLAIN },
	{ "HMGET", SHOW_ALL, REDIS_LOOKUP },
	{ "HMSET", SHOW_FIELDS, REDIS_PLAIN },
	{ "HSCAN", SHOW_FIRST, REDIS_PLAIN },
	{ "HSET", SHOW_FIELDS, REDIS_PLAIN },
	{ "HSETNX", SHOW_TWO, REDIS_PLAIN },
	{ "HVALS", SHOW_FIRST, REDIS_PLAIN },
	{ "INCR", SHOW_FIRST, REDIS_PLAIN },
	{ "INCRBY", SHOW_FIRST, REDIS_PLAIN },
	{ "INCRBYFLOAT", SHOW_FIRST, REDIS_PLAIN },
	{ "INFO", SHOW_FIRST, REDIS_PLAIN },
	{ "LINDEX", SHOW_FIRST, REDIS_LOOKUP },
	{ "LLEN", SHOW_FIRST, REDIS_PLAIN },
	{ "LMOVE", SHOW_TWO, REDIS_LOOKUP },
	{ "LPOP", SHOW_FIRST, REDIS_LOOKUP },
	{ "LPUSH", SHOW_FIRST, REDIS_PLAIN },
	{ "LRANGE", SHOW_FIRST, REDIS_PLAIN },
	{ "LREM", SHOW_FIRST, REDIS_PLAIN },
	{ "LSET", SHOW_FIRST, REDIS_PLAIN },
	{ "LTRIM", SHOW_FIRST, REDIS_PLAIN },
	{ "MGET", SHOW_ALL, REDIS_LOOKUP },
	{ "MONITOR", SHOW_NOTHING, REDIS_STREAM },
	{ "MSET", SHOW_PAIRS, REDIS_PLAIN },
	{ "MSETNX", SHOW_PAIRS, REDIS_PLAIN },
	{ "OBJECT", SHOW_TWO, REDIS_PLAIN },
	{ "PERSIST", SHOW_FIRST, REDIS_PLAIN },
	{ "PEXPIRE", SHOW_FIRST, REDIS_PLAIN },
	{ "PFADD", SHOW_FIRST, REDIS_PLAIN },
	{ "PFCOUNT", SHOW_ALL, REDIS_PLAIN },
	{ "PSETEX", SHOW_FIRST, REDIS_PLAIN },
	{ "PSUBSCRIBE", SHOW_ALL, REDIS_STREAM },
	{ "PTTL", SHOW_FIRST, REDIS_PLAIN },
	{ "PUBLISH", SHOW_FIRST, REDIS_PLAIN },
	{ "PUBSUB", SHOW_FIRST, REDIS_PLAIN },
	{ "PUNSUBSCRIBE", SHOW_ALL, REDIS_STREAM },
	{ "RENAME", SHOW_ALL, REDIS_PLAIN },
	{ "RESET", SHOW_ALL, REDIS_SELECT },
	{ "RPOP", SHOW_FIRST, REDIS_LOOKUP },
	{ "RPOPLPUSH", SHOW_ALL, REDIS_LOOKUP },
	{ "RPUSH", SHOW_FIRST, REDIS_PLAIN },
	{ "SADD", SHOW_FIRST, REDIS_PLAIN },
	{ "SCARD", SHOW_FIRST, REDIS_PLAIN },
	{ "SCRIPT", SHOW_FIRST, REDIS_PLAIN },
	{ "SDIFF", SHOW_ALL, REDIS_PLAIN },
	{ "SELECT", SHOW_ALL, REDIS_SELECT },
	{ "SET", SHOW_FIRST, REDIS_PLAIN },
	{ "SETBIT", SHOW_FIRST, REDIS_PLAIN },
	{ "SETEX", SHOW_FIRST, REDIS_PLAIN },
	{ "SETNX", SHOW_FIRST, REDIS_PLAIN },
	{ "SETRANGE", SHOW_FIRST, REDIS_PLAIN },
	{ "SINTER", SHOW_ALL, REDIS_PLAIN },
	{ "SISMEMBER", SHOW_FIRST, REDIS_PLAIN },
	{ "SMEMBERS", SHOW_FIRST, REDIS_PLAIN },
	{ "SPOP", SHOW_FIRST, REDIS_LOOKUP },
	{ "SRANDMEMBER", SHOW_FIRST, REDIS_LOOKUP },
	{ "SREM", SHOW_FIRST, REDIS_PLAIN },
	{ "SSCAN", SHOW_FIRST, REDIS_PLAIN },
	{ "SSUBSCRIBE", SHOW_ALL, REDIS_STREAM },
	{ "STRLEN", SHOW_FIRST, REDIS_PLAIN },
	{ "SUBSCRIBE", SHOW_ALL, REDIS_STREAM },
	{ "SUNION", SHOW_ALL, REDIS_PLAIN },
	{ "SUNSUBSCRIBE", SHOW_ALL, REDIS_STREAM },
	{ "SYNC", SHOW_NOTHING, REDIS_STREAM },
	{ "TOUCH", SHOW_ALL, REDIS_PLAIN },
	{ "TTL", SHOW_FIRST, REDIS_PLAIN },
	{ "TYPE", SHOW_FIRST, REDIS_PLAIN },
	{ "UNLINK", SHOW_ALL, REDIS_PLAIN },
	{ "UNSUBSCRIBE", SHOW_ALL, REDIS_STREAM },
	{ "WATCH", SHOW_ALL, REDIS_PLAIN },
	{ "XACK", SHOW_TWO, REDIS_PLAIN },
	{ "XADD", SHOW_FIRST, REDIS_PLAIN },
	{ "XDEL", SHOW_FIRST, REDIS_PLAIN },
	{ "XGROUP", SHOW_TWO, REDIS_PLAIN },
	{ "XLEN", SHOW_FIRST, REDIS_PLAIN },
	{ "XRANGE", SHOW_FIRST, REDIS_PLAIN },
	{ "ZADD", SHOW_FIRST, REDIS_PLAIN },
	{ "ZCARD", SHOW_FIRST, REDIS_PLAIN },
	{ "ZINCRBY", SHOW_FIRST, REDIS_PLAIN },
	{ "ZRANGE", SHOW_FIRST, REDIS_PLAIN },
	{ "ZRANGEBYSCORE", SHOW_FIRST, REDIS_PLAIN },
	{ "ZREM", SHOW_FIRST, REDIS_PLAIN },
	{ "ZSCORE", SHOW_FIRST, REDIS_LOOKUP },
};

/* As strcmp; `name` in capitals. */
static int compare(struct str operation, const char *name)
{
	for (size_t i = 0; i < operation.n; i++) {
		char c = operation.p[i];

		c = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
		if (c != name[i])
			return (unsigned char)c - (unsigned char)name[i];
	}
	return name[operation.n] ? -1 : 0;
}

static const struct row *row_of(struct str operation)
{
	size_t low = 0, high = sizeof(rows) / sizeof(rows[0]);

	if (operation.n >= NAME_MOST)
		return NULL;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare(operation, rows[middle].name);

		if (!order)
			return &rows[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

enum redis_kind redis_kind_of(struct str operation)
{
	const struct row *row = row_of(operation);

	return row ? row->kind : REDIS_PLAIN;
}

/* ---- the protocol ------------------------------------------------------------------------------ */

/* "*3\r\n" or "$5\r\n": the number after `type`; -1 if it is none. */
static long count_read(struct str *in, char type)
{
	long n = 0;
	size_t i = 1;

	if (!in->n || in->p[0] != type)
		return -1;
	for (; i < in->n && in->p[i] >= '0' && in->p[i] <= '9'; i++) {
		if (i > 10)
			return -1;
		n = n * 10 + (in->p[i] - '0');
	}
	if (i == 1 || in->n - i < 2 || in->p[i] != '\r' || in->p[i + 1] != '\n')
		return -1;
	*in = str_from(*in, i + 2);
	return n;
}

static bool argument_read(struct str *in, struct str *out)
{
	long n = count_read(in, '$');

	if (n < 0 || in->n < 2 || (size_t)n > in->n - 2)
		return false;
	*out = str_first(*in, (size_t)n);
	*in = str_from(*in, (size_t)n + 2);
	return true;
}

/* ---- the text ---------------------------------------------------------------------------------- */

static bool text_add(struct redis_command *c, const char *p, size_t n)
{
	if (n > REDIS_TEXT_MOST - c->text_n)
		return false;
	memcpy(c->text + c->text_n, p, n);
	c->text_n += n;
	return true;
}

/* Bytes that are no text are dots. */
static void text_argument(struct redis_command *c, struct str s)
{
	s = str_first(s, ARGUMENT_MOST);
	if (!text_add(c, " ", 1))
		return;
	while (s.n) {
		size_t n = utf8_length(s);
		bool printable = n > 1 || (n == 1 && s.p[0] >= ' ' && s.p[0] != 0x7f);

		if (!text_add(c, printable ? s.p : ".", printable ? n : 1))
			return;
		s = str_from(s, n ? n : 1);
	}
}

/* Is argument i (the first is 0) of a command to be shown? */
static bool is_shown(enum shown shown, long i, long n_keys)
{
	switch (shown) {
	case SHOW_NOTHING:
		return false;
	case SHOW_FIRST:
		return i == 0;
	case SHOW_TWO:
		return i < 2;
	case SHOW_ALL:
		return true;
	case SHOW_PAIRS:
		return i % 2 == 0;
	case SHOW_FIELDS:
		return i == 0 || i % 2 == 1;
	case SHOW_COUNTED:
		return i == 1 || (i > 1 && i - 2 < n_keys);
	}
	return false;
}

static long number_of(struct str s)
{
	uint64_t n;

	return str_to_u64(s, &n) && n < INT32_MAX ? (long)n : -1;
}

static bool is_name(struct str s)
{
	if (!s.n || s.n > NAME_MOST * 2)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = str_lower(s.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
		      c == '-'))
			return false;
	}
	return true;
}

static void argument_tell(struct redis_command *c, enum shown shown, long i, struct str argument,
			  long *n_keys)
{
	if (i == 0 && c->kind == REDIS_SELECT)
		c->index = (int)number_of(argument);
	if (i == 1 && shown == SHOW_COUNTED)
		*n_keys = number_of(argument);
	if (shown == SHOW_NOTHING || i > ARGUMENTS_SHOWN)
		return;
	if (i == ARGUMENTS_SHOWN)
		text_add(c, " ...", 4);
	else if (is_shown(shown, i, *n_keys))
		text_argument(c, argument);
	else
		text_add(c, " ?", 2);
}

size_t redis_command_read(struct redis_command *c, struct str resp)
{
	struct str in = resp, argument;
	long n = count_read(&in, '*'), n_keys = 0;
	const struct row *row;

	if (n < 1 || n > ARGUMENTS_MOST || !argument_read(&in, &c->operation))
		return 0;
	row = row_of(c->operation);
	if (!is_name(c->operation))
		c->operation = STR("_OTHER");
	c->kind = row ? row->kind : REDIS_PLAIN;
	c->index = c->kind == REDIS_SELECT && n == 1 ? 0 : -1;
	c->text_n = 0;
	text_add(c, c->operation.p, c->operation.n);
	for (long i = 0; i < n - 1; i++) {
		if (!argument_read(&in, &argument))
			return 0;
		if (row)
			argument_tell(c, row->shown, i, argument, &n_keys);
		else if (i <= ARGUMENTS_SHOWN)
			text_add(c, i < ARGUMENTS_SHOWN ? " ?" : " ...",
				 i < ARGUMENTS_SHOWN ? 2 : 4);
	}
	return resp.n - in.n;
}

struct str redis_error_prefix(struct str message)
{
	struct str word = str_cut(message, ' ').head;

	if (!word.n || word.n > NAME_MOST)
		return STR("_OTHER");
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];

		if (!((c >= 'A' && c <= 'Z') || (i && c >= '0' && c <= '9') || (i && c == '_')))
			return STR("_OTHER");
	}
	return word;
}
