/* SPDX-License-Identifier: Apache-2.0 */
#include "configure/document.h"

#include "base/err.h"
#include "base/out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- variables ------------------------------------------------------------------------------------- */

static bool name_char(char c, bool first)
{
	char l = str_lower(c);

	return (l >= 'a' && l <= 'z') || c == '_' || (!first && c >= '0' && c <= '9');
}

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!name_char(s.p[i], i == 0))
			return false;
	return s.n > 0;
}

/* What stands between ${ and }. */
static bool put_reference(struct out *o, struct str inside)
{
	const char *at = memmem(inside.p, inside.n, ":-", 2);
	struct str name = at ? str_first(inside, (size_t)(at - inside.p)) : inside;
	char ended[128];
	const char *value;

	if (str_starts(name, STR("env:")))
		name = str_from(name, 4);
	if (!is_name(name) || name.n >= sizeof(ended))
		return false;
	memcpy(ended, name.p, name.n);
	ended[name.n] = '\0';
	value = getenv(ended);
	if (value && *value)
		out_str(o, str_of(value));
	else if (at)
		out_str(o, str_from(inside, (size_t)(at - inside.p) + 2));
	return true;
}

static bool put_substituted(struct out *o, struct str text)
{
	while (text.n) {
		struct cut end;

		if (text.p[0] != '$') {
			out_char(o, text.p[0]);
			text = str_from(text, 1);
		} else if (text.n > 1 && text.p[1] == '$') {
			out_char(o, '$');
			text = str_from(text, 2);
		} else if (text.n > 1 && text.p[1] == '{') {
			end = str_cut(str_from(text, 2), '}');
			if (!end.found || !put_reference(o, end.head))
				return false;
			text = end.tail;
		} else {
			out_char(o, '$');
			text = str_from(text, 1);
		}
	}
	return true;
}

static struct str scalar(const yaml_node_t *n)
{
	return (struct str){ (const char *)n->data.scalar.value, n->data.scalar.length };
}

static bool is_null(const yaml_node_t *n)
{
	struct str s = scalar(n);

	return n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!s.n || str_eq(s, STR("~")) || str_eq_nocase(s, STR("null")));
}

struct str document_text(struct document *d, const yaml_node_t *n)
{
	struct out o = { 0 };
	struct str kept = STR("");

	if (!n || n->type != YAML_SCALAR_NODE || is_null(n))
		return kept;
	if (!memchr(n->data.scalar.value, '$', n->data.scalar.length))
		return scalar(n);
	if (put_substituted(&o, scalar(n)) && !o.error)
		kept = arena_copy(&d->arena, out_all(&o));
	out_fini(&o);
	return kept;
}

/* ---- reading --------------------------------------------------------------------------------------- */

static int refuse(struct document *d, unsigned line, const char *says)
{
	snprintf(d->why, sizeof(d->why), "%u: %s", line, says);
	return ERR(-EINVAL);
}

/* Every scalar once, so that a reference that makes no sense is found wherever it stands. */
static int check_references(struct document *d)
{
	for (yaml_node_t *n = d->yaml.nodes.start; n < d->yaml.nodes.top; n++) {
		struct out o = { 0 };
		bool good = n->type != YAML_SCALAR_NODE || put_substituted(&o, scalar(n));

		out_fini(&o);
		if (!good)
			return refuse(d, node_line(n),
				      "no reference to a variable: ${NAME}, ${env:NAME}, "
				      "${NAME:-otherwise}, or $$ for a dollar sign");
	}
	return 0;
}

int document_read(struct document *d, struct str text)
{
	yaml_parser_t parser;
	int r = 0;

	*d = (struct document){ .loaded = false };
	if (!yaml_parser_initialize(&parser))
		return ERR(-ENOMEM);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.p, text.n);
	d->loaded = yaml_parser_load(&parser, &d->yaml);
	if (!d->loaded)
		r = refuse(d, (unsigned)parser.problem_mark.line + 1,
			   parser.problem ? parser.problem : "no YAML");
	yaml_parser_delete(&parser);
	return r ? r : TRACE(check_references(d));
}

void document_free(struct document *d)
{
	if (d->loaded)
		yaml_document_delete(&d->yaml);
	d->loaded = false;
	arena_fini(&d->arena);
}

/* ---- walking --------------------------------------------------------------------------------------- */

yaml_node_t *document_root(struct document *d)
{
	return d->loaded ? yaml_document_get_root_node(&d->yaml) : NULL;
}

size_t node_n(const yaml_node_t *n)
{
	if (node_is_map(n))
		return (size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
	if (node_is_list(n))
		return (size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
	return 0;
}

static yaml_node_t *node_at(struct document *d, int id)
{
	return d->steps++ < DOCUMENT_STEPS ? yaml_document_get_node(&d->yaml, id) : NULL;
}

yaml_node_t *node_key(struct document *d, const yaml_node_t *n, size_t i)
{
	return node_is_map(n) && i < node_n(n) ? node_at(d, n->data.mapping.pairs.start[i].key)
					       : NULL;
}

yaml_node_t *node_value(struct document *d, const yaml_node_t *n, size_t i)
{
	if (i >= node_n(n))
		return NULL;
	return node_at(d, node_is_map(n) ? n->data.mapping.pairs.start[i].value
					 : n->data.sequence.items.start[i]);
}

yaml_node_t *document_get(struct document *d, const yaml_node_t *map, const char *key)
{
	for (size_t i = 0; node_is_map(map) && i < node_n(map); i++) {
		const yaml_node_t *k = node_key(d, map, i);

		if (k && k->type == YAML_SCALAR_NODE && str_eq(scalar(k), str_of(key)))
			return node_value(d, map, i);
	}
	return NULL;
}
