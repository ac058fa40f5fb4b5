/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings: what a bootstrap hook is given (include/oriel-bootstrap.h): its functions put settings into
 * the environment, which is what everything reads, and keep its messages until recording has begun.
 */
#pragma once

#include "oriel-bootstrap.h"

#include <stdbool.h>

/* Valid until settings_close; one at a time. `probe`: nothing is kept. */
struct oriel_bootstrap *settings_open(bool probe, const char *program, const char *source,
				      unsigned timeout_ms);
void settings_close(void);

/* How many were set since settings_open. */
unsigned settings_count(void);

/* Its messages, as log records. */
void settings_record_messages(void);
