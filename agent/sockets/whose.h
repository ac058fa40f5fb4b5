/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose: for which of the requests that are being served a call is made.
 *
 * Most loops call for the request that they have read last. HAProxy reads all that has come, and works on
 * it after that: then the last one is mostly somebody else's. What a proxy passes on is like what it was
 * sent, in method, target, user agent and traceparent. So where the last one isn't like the call, and one that has
 * not called yet is, the call is that one's. From then on, of several that are like it, it is the first's
 * that came: such a loop works in order.
 *
 * A program that calls something of its own finds nothing alike, and keeps the last one. Costs nothing
 * until a first call is made. Any thread.
 */
#pragma once

#include "agent/sockets/exchange.h"

/* Has anything been called? Then whose_read wants each request that is served. */
extern _Atomic bool whose_asked;

void whose_read(struct exchange *served, const struct http1_head *head);

/* `likely` lives, or is NULL: then nobody is looked for, unless it is such a loop. */
struct exchange *whose(struct exchange *likely, const struct http1_head *called);
