/* SPDX-License-Identifier: Apache-2.0 */
/* Redact: the rules as they are written, and what stands for a value. */
#include "base/redact.h"

#include "base/hex.h"
#include "base/redact-words.h"
#include "base/siphash.h"

#include <stdlib.h>

static bool action_of(struct str text, uint8_t *action)
{
	static const struct str name[] = { [REDACT_KEEP] = STR("keep"),
					   [REDACT_MASK] = STR("mask"),
					   [REDACT_DROP] = STR("drop"),
					   [REDACT_HASH] = STR("hash") };

	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if (str_eq_nocase(text, name[i])) {
			*action = (uint8_t)i;
			return true;
		}
	}
	return false;
}

/* Of two rules with one name the later one counts. */
static bool rule_add(struct redact *r, struct str name, bool parameter, uint8_t action)
{
	struct redact_rule *rule = r->rule;
	struct words w;

	words_of(&w, name);
	if (!w.n || name.n > WORDS_MOST)
		return false;
	while (rule < r->rule + r->n_rules && !(rule->parameter == parameter && rule->n == w.n &&
						memcmp(r->text + rule->at, w.low, w.n) == 0))
		rule++;
	if (rule == r->rule + r->n_rules) {
		if (r->n_rules == REDACT_RULES_MOST || w.n + r->text_n > REDACT_TEXT_MOST)
			return false;
		*rule = (struct redact_rule){ r->text_n, (uint8_t)w.n, 0, parameter };
		memcpy(r->text + r->text_n, w.low, w.n);
		r->text_n = (uint16_t)(r->text_n + w.n);
		r->n_rules++;
	}
	rule->action = action;
	return true;
}

static bool rule_read(struct redact *r, struct str text)
{
	struct cut pair = str_cut(text, '=');
	struct str name = str_trim(pair.head);
	uint8_t action = REDACT_MASK;

	if (pair.found && !action_of(str_trim(pair.tail), &action))
		return false;
	if (str_eq_nocase(text, STR("off"))) {
		r->off = true;
		return true;
	}
	if (str_eq(name, STR("*"))) {
		r->usual = action;
		return pair.found;
	}
	if (str_starts(name, STR("?")))
		return rule_add(r, str_from(name, 1), true, action);
	return rule_add(r, name, false, action);
}

static size_t rule_length(struct str rules)
{
	size_t n = 0;

	while (n < rules.n && rules.p[n] != ',' && rules.p[n] != ';' && rules.p[n] != '\n')
		n++;
	return n;
}

bool redact_read(struct redact *r, struct str rules, struct str *wrong)
{
	bool good = true;

	while (rules.n) {
		size_t n = rule_length(rules);
		struct str rule = str_trim(str_first(rules, n));

		rules = str_from(rules, n + 1);
		if (!rule.n || rule_read(r, rule))
			continue;
		if (good && wrong)
			*wrong = rule;
		good = false;
	}
	return good;
}

void redact_hash_key(struct redact *r, struct str key)
{
	static const uint64_t salt[2][2] = { { 1, 2 }, { 3, 4 } };

	for (int i = 0; i < 2; i++)
		r->hash_key[i] = siphash(salt[i], key.p, key.n);
}

bool redact_is_option(const struct redact *r, struct str word)
{
	return str_starts(word, STR("-")) && !str_cut(word, '=').found && redact_key(r, word);
}

bool redact_of_environment(struct redact *r, struct str random, struct str *wrong)
{
	struct str key = str_of(getenv("ORIEL_REDACT_HASH_KEY"));

	redact_default(r);
	redact_hash_key(r, key.n ? key : random);
	return redact_read(r, str_of(getenv("ORIEL_REDACT")), wrong);
}

size_t redact_mark(const struct redact *r, enum redact_action action, struct str value,
		   char out[REDACT_MARK_MOST])
{
	uint64_t hash;

	switch (action) {
	case REDACT_KEEP:
	case REDACT_DROP:
		return 0;
	case REDACT_HASH:
		hash = __builtin_bswap64(siphash(r->hash_key, value.p, value.n));
		memcpy(out, "hash:", 5);
		hex_write(out + 5, (const uint8_t *)&hash, sizeof(hash));
		return 21;
	case REDACT_MASK:
		break;
	}
	memcpy(out, REDACT_MARK, sizeof(REDACT_MARK) - 1);
	return sizeof(REDACT_MARK) - 1;
}
