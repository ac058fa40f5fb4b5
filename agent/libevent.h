/* SPDX-License-Identifier: Apache-2.0 */
/* What is watched on top of libevent asks agent/libevent.c. */
#pragma once

#include <stdbool.h>

/* Are struct event and struct evhttp_request laid out as in the headers that we were built with? */
bool libevent_is_known(void);
