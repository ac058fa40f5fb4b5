/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Document: a YAML file, read by libyaml, as a tree that one walks. Foreign bytes.
 *
 *     r = document_read(&d, text);              0, or -EINVAL with d.why ("3: did not find ...")
 *     v = document_get(&d, document_root(&d), "resource");
 *     document_text(&d, v)                      a scalar's text, variables put in
 *     document_free(&d);
 *
 * ${NAME}, ${env:NAME} and ${NAME:-otherwise} in values stand for variables of the environment, $$ for a
 * dollar sign ("Environment variable substitution"); what is none of these spoils the document. What a
 * variable holds is text: it can't bring structure. Aliases are what they stand for; whoever walks keeps
 * count of how far (document_step), since some files grow without end that way.
 */
#pragma once

#include "base/arena.h"

#include <yaml.h>

enum { DOCUMENT_STEPS = 100000 };

struct document {
	yaml_document_t yaml;
	struct arena arena;
	bool loaded;
	unsigned steps;
	char why[200]; /* "LINE: what" */
};

int document_read(struct document *d, struct str text);
void document_free(struct document *d);

yaml_node_t *document_root(struct document *d); /* NULL: it is empty */

static inline bool node_is_map(const yaml_node_t *n)
{
	return n && n->type == YAML_MAPPING_NODE;
}

static inline bool node_is_list(const yaml_node_t *n)
{
	return n && n->type == YAML_SEQUENCE_NODE;
}

static inline unsigned node_line(const yaml_node_t *n)
{
	return n ? (unsigned)n->start_mark.line + 1 : 0;
}

/* How many pairs or items; 0 for what has none. */
size_t node_n(const yaml_node_t *n);

/* Pair or item i; NULL when too many steps were taken. A list's item has no key. */
yaml_node_t *node_key(struct document *d, const yaml_node_t *n, size_t i);
yaml_node_t *node_value(struct document *d, const yaml_node_t *n, size_t i);

yaml_node_t *document_get(struct document *d, const yaml_node_t *map,
			  const char *key); /* NULL: none */

/* Empty for null, for what is no scalar, and for NULL. */
struct str document_text(struct document *d, const yaml_node_t *n);
