/* SPDX-License-Identifier: Apache-2.0 */
/* Manual: the manual pages from the tables, in mdoc(7), on standard output. Both return 0. */
#pragma once

#include "cmd/command.h"

int manual_all(void);
int manual_variables(void); /* a table, in Markdown */
int manual_command(const struct command *c);
