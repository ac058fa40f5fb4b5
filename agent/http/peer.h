/* SPDX-License-Identifier: Apache-2.0 */
/* Peer: an address that a library gives as text, as a socket's. NULL if it isn't IP. */
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

static inline const struct sockaddr *peer_of_text(const char *text, int port,
						  struct sockaddr_in6 *room)
{
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)room;

	if (!text)
		return NULL;
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((in_port_t)port);
	} else if (inet_pton(AF_INET6, text, &room->sin6_addr) == 1) {
		room->sin6_family = AF_INET6;
		room->sin6_port = htons((in_port_t)port);
	} else {
		return NULL;
	}
	return (const struct sockaddr *)room;
}
