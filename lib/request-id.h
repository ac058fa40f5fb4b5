/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "lib/thread.h"

/* The request id of a context, borrowed from its carry; empty for none. */
struct str request_id_of(const struct entry *e);
