/* SPDX-License-Identifier: Apache-2.0 */
#include "base/redact-find.h"

static bool follows(struct str text, size_t at, struct str what)
{
	return at <= text.n && str_starts(str_from(text, at), what);
}

static bool follows_nocase(struct str text, size_t at, struct str what)
{
	return text.n - at >= what.n && str_eq_nocase(str_first(str_from(text, at), what.n), what);
}

/* ---- cards ------------------------------------------------------------------------------------- */

enum { CARD_LEAST = 13, CARD_MOST = 19, GROUP_LEAST = 3 };

static bool check_digit_is_right(const uint8_t *d, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned v = d[n - 1 - i] * (1u + i % 2);

		sum += v > 9 ? v - 9 : v;
	}
	return sum % 10 == 0;
}

static bool is_16_to_19(size_t n)
{
	return n >= 16;
}

/* Issuers' first digits, and how many there are of each one's. */
static bool is_issued(const uint8_t *d, size_t n)
{
	unsigned two = d[0] * 10u + d[1], four = two * 100 + d[2] * 10u + d[3];

	if (d[0] == 4)
		return n == 13 || n == 16 || n == 19;
	if ((two >= 51 && two <= 55) || (four >= 2221 && four <= 2720))
		return n == 16;
	if (two == 34 || two == 37)
		return n == 15;
	if (two == 35 || two == 62 || two == 65 || four == 6011 || (four >= 6440 && four <= 6499))
		return is_16_to_19(n);
	if (two == 36 || two == 38 || two == 39 || (four >= 3000 && four <= 3059))
		return n == 14 || is_16_to_19(n);
	if (two == 50 || (two >= 56 && two <= 58) || two == 63 || two == 67)
		return n >= 15;
	return d[0] == 6 && is_16_to_19(n);
}

static bool is_between_groups(char c)
{
	return c == ' ' || c == '-' || c == '+' || c == '.';
}

static bool may_stand_before_card(struct str t, size_t at)
{
	if (at == 0)
		return true;
	if (t.p[at - 1] == '.')
		return at < 2 || !is_digit(t.p[at - 2]);
	return !is_alnum(t.p[at - 1]);
}

size_t find_card(struct str t, size_t at)
{
	uint8_t d[CARD_MOST];
	size_t n = 0, group = 0, found = 0;

	if (!may_stand_before_card(t, at))
		return 0;
	for (size_t i = at;; i++) {
		if (i < t.n && is_digit(t.p[i])) {
			if (n == CARD_MOST)
				return found;
			d[n++] = (uint8_t)(t.p[i] - '0');
			group++;
			continue;
		}
		if (n >= CARD_LEAST && (i == t.n || !is_alnum(t.p[i])) && is_issued(d, n) &&
		    check_digit_is_right(d, n))
			found = i;
		if (i + 1 >= t.n || !is_between_groups(t.p[i]) || !is_digit(t.p[i + 1]) ||
		    group < GROUP_LEAST)
			return found;
		group = 0;
	}
}

/* ---- tokens ------------------------------------------------------------------------------------- */

enum made_of { CAPITALS, TOKEN, DOTTED, MIXED };

struct prefix {
	struct str text;
	size_t least; /* how much follows, at least */
	enum made_of made_of;
};

/* Sorted by nothing; each stands for a family that its issuer made to be recognised. */
static const struct prefix prefixes[] = {
	{ STR("AKIA"), 16, CAPITALS },
	{ STR("ASIA"), 16, CAPITALS },
	{ STR("AROA"), 16, CAPITALS },
	{ STR("AIDA"), 16, CAPITALS },
	{ STR("AIza"), 30, TOKEN },
	{ STR("GOCSPX-"), 16, TOKEN },
	{ STR("ya29."), 16, DOTTED },
	{ STR("SG."), 16, DOTTED },
	{ STR("ghp_"), 16, TOKEN },
	{ STR("gho_"), 16, TOKEN },
	{ STR("ghu_"), 16, TOKEN },
	{ STR("ghs_"), 16, TOKEN },
	{ STR("ghr_"), 16, TOKEN },
	{ STR("github_pat_"), 16, TOKEN },
	{ STR("glpat-"), 12, TOKEN },
	{ STR("gldt-"), 12, TOKEN },
	{ STR("xoxb-"), 12, TOKEN },
	{ STR("xoxp-"), 12, TOKEN },
	{ STR("xoxa-"), 12, TOKEN },
	{ STR("xoxr-"), 12, TOKEN },
	{ STR("xoxs-"), 12, TOKEN },
	{ STR("xapp-"), 12, TOKEN },
	{ STR("sk_live_"), 8, TOKEN },
	{ STR("sk_test_"), 8, TOKEN },
	{ STR("rk_live_"), 8, TOKEN },
	{ STR("rk_test_"), 8, TOKEN },
	{ STR("whsec_"), 12, TOKEN },
	{ STR("sk-"), 20, MIXED },
	{ STR("npm_"), 30, TOKEN },
	{ STR("pypi-"), 30, TOKEN },
	{ STR("hf_"), 20, MIXED },
	{ STR("hvs."), 16, TOKEN },
	{ STR("hvb."), 16, TOKEN },
	{ STR("dop_v1_"), 16, TOKEN },
	{ STR("shpat_"), 16, TOKEN },
	{ STR("shpss_"), 16, TOKEN },
	{ STR("dckr_pat_"), 16, TOKEN },
	{ STR("sntrys_"), 16, TOKEN },
	{ STR("AGE-SECRET-KEY-"), 16, TOKEN },
};

static size_t token_end(struct str t, size_t at, enum made_of made_of)
{
	while (at < t.n && (is_token(t.p[at]) || (made_of == DOTTED && t.p[at] == '.')))
		at++;
	return at;
}

static bool is_made_of(struct str token, enum made_of made_of)
{
	bool digit = false, capital = false;

	for (size_t i = 0; i < token.n; i++) {
		char c = token.p[i];

		digit |= is_digit(c);
		capital |= c >= 'A' && c <= 'Z';
		if (made_of == CAPITALS && !is_digit(c) && !(c >= 'A' && c <= 'Z'))
			return false;
	}
	return made_of != MIXED || (digit && capital);
}

/* {"alg": .. in base64, or any object. With its dots and padding. */
static size_t find_object(struct str t, size_t at)
{
	size_t end = token_end(t, at, TOKEN);

	if (end - at < 19)
		return 0;
	while (end < t.n && (is_token(t.p[end]) || t.p[end] == '.' || t.p[end] == '=' ||
			     t.p[end] == '+' || t.p[end] == '/'))
		end++;
	return end;
}

/* The second letters of those that begin with this one: most words are none of them. */
static const char *second_letters(char first)
{
	switch (first) {
	case 'A':
		return "KSRIG";
	case 'G':
		return "O";
	case 'S':
		return "G";
	case 'd':
		return "oc";
	case 'e':
		return "y";
	case 'g':
		return "hild";
	case 'h':
		return "fv";
	case 'n':
		return "p";
	case 'p':
		return "y";
	case 'r':
		return "k";
	case 's':
		return "khn";
	case 'w':
		return "h";
	case 'x':
		return "oa";
	case 'y':
		return "a";
	default:
		return "";
	}
}

static bool is_second(char c, const char *letters)
{
	while (*letters && *letters != c)
		letters++;
	return *letters;
}

size_t find_token(struct str t, size_t at)
{
	if (t.n - at < 12 || !is_second(t.p[at + 1], second_letters(t.p[at])) ||
	    (at && is_alnum(t.p[at - 1])))
		return 0;
	if (follows(t, at, STR("eyJ")))
		return find_object(t, at);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		const struct prefix *p = &prefixes[i];
		size_t from = at + p->text.n, end;

		if (t.p[at] != p->text.p[0] || !follows(t, at, p->text))
			continue;
		end = token_end(t, from, p->made_of);
		if (end - from >= p->least &&
		    is_made_of(str_first(str_from(t, from), end - from), p->made_of))
			return end;
	}
	return 0;
}

/* ---- credentials of HTTP ---------------------------------------------------------------------------- */

static bool is_credential(char c)
{
	return is_token(c) || c == '.' || c == '~' || c == '+' || c == '/' || c == '=';
}

enum { CREDENTIAL_LEAST = 6, WORD_MOST = 15 };

/* "Basic Authentication" is not one: what looks like a word must be longer than words are. */
size_t find_bearer(struct str t, size_t at, size_t *from)
{
	size_t i = at, end;
	bool word = true;

	if (at && is_alnum(t.p[at - 1]))
		return 0;
	if (follows_nocase(t, at, STR("bearer ")))
		i += 7;
	else if (follows_nocase(t, at, STR("basic ")))
		i += 6;
	else
		return 0;
	while (i < t.n && t.p[i] == ' ')
		i++;
	for (end = i; end < t.n && is_credential(t.p[end]); end++)
		word &= end == i ? is_letter(t.p[end]) : t.p[end] >= 'a' && t.p[end] <= 'z';
	while (!word && end > i && t.p[end - 1] == '.')
		end--;
	*from = i;
	return end - i >= (word ? WORD_MOST + 1 : CREDENTIAL_LEAST) ? end : 0;
}

/* ---- private keys ------------------------------------------------------------------------------------ */

static size_t find_after(struct str t, size_t at, struct str what)
{
	struct str rest = str_from(t, at);
	const char *p = rest.n ? memmem(rest.p, rest.n, what.p, what.n) : NULL;

	return p ? (size_t)(p - t.p) + what.n : 0;
}

size_t find_private_key(struct str t, size_t at)
{
	static const struct str begin = STR("-----BEGIN ");
	struct str label;
	size_t end;

	if (!follows(t, at, begin))
		return 0;
	label = str_first(str_from(t, at + begin.n), 48);
	if (!find_after(label, 0, STR("PRIVATE KEY")))
		return 0;
	end = find_after(t, at + begin.n, STR("-----END "));
	end = end ? find_after(t, end, STR("-----")) : 0;
	return end ? end : t.n;
}

/* ---- URLs -------------------------------------------------------------------------------------------- */

static bool ends_authority(char c)
{
	return str_is_blank(c) || c == '"' || c == '\'' || c == '<' || c == '>' || c == ',' ||
	       c == '`';
}

enum { AUTHORITY_MOST = 256 };

/* A user without a password is one in most schemes; in HTTP it is a token more often. */
static bool is_http(struct str t, size_t colon)
{
	return (colon >= 4 && str_eq_nocase((struct str){ t.p + colon - 4, 4 }, STR("http"))) ||
	       (colon >= 5 && str_eq_nocase((struct str){ t.p + colon - 5, 5 }, STR("https")));
}

static bool is_port(struct str t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (!is_digit(t.p[i]))
			return false;
	return to > from;
}

/*
 * The authority ends at a slash, unless a password has one: then what looks like the port isn't one,
 * and an @ follows.
 */
size_t find_userinfo(struct str t, size_t at, size_t *from)
{
	size_t begin = at + 3, colon = 0, last = 0, slash = 0, i;

	if (!follows(t, at, STR("://")))
		return 0;
	for (i = begin; i < t.n && i < begin + AUTHORITY_MOST && !ends_authority(t.p[i]); i++) {
		char c = t.p[i];

		if (!slash && (c == '/' || c == '?' || c == '#')) {
			if (last || !colon || is_port(t, colon + 1, i))
				break;
			slash = i;
		} else if (c == ':' && !colon) {
			colon = i;
		} else if (c == '@') {
			last = i;
		}
	}
	if (!last)
		return 0;
	*from = colon && colon < last ? colon + 1 : begin;
	if (*from == begin && !is_http(t, at))
		return 0;
	return last > *from ? last : 0;
}
