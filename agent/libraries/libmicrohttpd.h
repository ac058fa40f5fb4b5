/* SPDX-License-Identifier: Apache-2.0 */
/* What is watched on top of libmicrohttpd asks agent/libraries/libmicrohttpd.c. */
#pragma once

#include "agent/http/server.h"

/* The request whose handler this thread is in, or NULL. */
extern __thread struct server_request *libmicrohttpd_now;
