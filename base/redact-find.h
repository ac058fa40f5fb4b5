/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding secrets by how they look, for base/redact-text.c. Each is asked where one may begin and says
 * where it ends; 0: there is none.
 */
#pragma once

#include "base/str.h"

static inline bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_letter(char c)
{
	c = str_lower(c);
	return c >= 'a' && c <= 'z';
}

static inline bool is_alnum(char c)
{
	return is_digit(c) || is_letter(c);
}

/* What tokens are made of, in base64's ways of writing and others. */
static inline bool is_token(char c)
{
	return is_alnum(c) || c == '-' || c == '_';
}

/* A payment card's number: 13 to 19 digits of a known issuer, in groups or not, check digit right. */
size_t find_card(struct str text, size_t at);

/* A token that its first letters give away; a JSON Web Token or other base64 of an object. */
size_t find_token(struct str text, size_t at);

/* "Bearer abc.." or "Basic abc..": *from is where the credentials begin. */
size_t find_bearer(struct str text, size_t at, size_t *from);

/* A private key in PEM's way. */
size_t find_private_key(struct str text, size_t at);

/* "://user:password@", at the colon: *from is where the secret part begins. */
size_t find_userinfo(struct str text, size_t at, size_t *from);
