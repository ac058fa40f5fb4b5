/* SPDX-License-Identifier: Apache-2.0 */
/* What is watched on top of libevent asks agent/libraries/libevent.c. */
#pragma once

#include <stdbool.h>

#include "agent/real.h"

/* Are struct event and struct evhttp_request laid out as in the headers that we were built with? */
bool libevent_is_known(void);

/* libevent_extra, which evhttp is in: what it registers for itself is not the program's. */
extern struct real_library libevent_extra;
