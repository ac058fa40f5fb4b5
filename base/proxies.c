/* SPDX-License-Identifier: Apache-2.0 */
#include "base/proxies.h"

#include <arpa/inet.h>

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

bool proxies_address(struct str text, uint8_t out[16])
{
	char room[PROXIES_ADDRESS_TEXT];

	if (!text.n || text.n >= sizeof(room) || memchr(text.p, '\0', text.n))
		return false;
	memcpy(room, text.p, text.n);
	room[text.n] = '\0';
	if (inet_pton(AF_INET, room, out + 12) != 1)
		return inet_pton(AF_INET6, room, out) == 1;
	memcpy(out, mapped, sizeof(mapped));
	return true;
}

static bool add(struct proxies *p, struct str text)
{
	struct cut cut = str_cut(text, '/');
	struct proxies_block b = { .bits = 128 };
	bool four = !memchr(cut.head.p, ':', cut.head.n);
	uint64_t bits = four ? 32 : 128;

	if (!proxies_address(cut.head, b.address) ||
	    (cut.found && (!str_to_u64(cut.tail, &bits) || bits > (four ? 32u : 128u))))
		return false;
	if (p->n == PROXIES_MOST)
		return false;
	b.bits = (uint8_t)(four ? bits + 96 : bits);
	p->block[p->n++] = b;
	return true;
}

static bool add_all(struct proxies *p, const char *const *list)
{
	bool good = true;

	for (; *list; list++)
		good &= add(p, str_of(*list));
	return good;
}

static bool read_one(struct proxies *p, struct str text)
{
	static const char *const loopback[] = { "127.0.0.0/8", "::1", NULL };
	static const char *const private[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
					       "fc00::/7", NULL };

	if (str_eq_nocase(text, STR("loopback")))
		return add_all(p, loopback);
	if (str_eq_nocase(text, STR("private")))
		return add_all(p, private);
	if (str_eq_nocase(text, STR("unix"))) {
		p->local = true;
		return true;
	}
	return add(p, text);
}

bool proxies_read(struct proxies *p, struct str list, struct str *wrong)
{
	bool good = true;
	struct str text;

	while (str_next(&list, ',', &text)) {
		if (read_one(p, text))
			continue;
		if (good && wrong)
			*wrong = text;
		good = false;
	}
	return good;
}

static bool is_in(const struct proxies_block *b, const uint8_t address[16])
{
	size_t whole = b->bits / 8;
	uint8_t mask = (uint8_t)(0xff00 >> b->bits % 8);

	if (memcmp(b->address, address, whole) != 0)
		return false;
	return whole == 16 || ((b->address[whole] ^ address[whole]) & mask) == 0;
}

bool proxies_have(const struct proxies *p, const uint8_t address[16])
{
	for (size_t i = 0; i < p->n; i++)
		if (is_in(&p->block[i], address))
			return true;
	return false;
}
