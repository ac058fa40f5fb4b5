/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/boot.h"

#include "base/hex.h"
#include "base/scoped.h"

#include <fcntl.h>

void boot_id_read(uint8_t id[16])
{
	char text[64], hex[32];
	size_t n = 0;
	scoped_fd int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, text, sizeof(text)) : -1;

	memset(id, 0, 16);
	for (ssize_t i = 0; i < got && n < sizeof(hex); i++)
		if (hex_digit(text[i], false) >= 0)
			hex[n++] = text[i];
	if (n == sizeof(hex))
		hex_read(id, 16, (struct str){ hex, n }, false);
}

bool boot_is_ours(const uint8_t id[16])
{
	uint8_t ours[16];

	boot_id_read(ours);
	return memcmp(id, ours, sizeof(ours)) == 0;
}
