/* SPDX-License-Identifier: Apache-2.0 */
/* `oriel` alone: what is running, and where the page is. */
#include "cmd/command.h"

int status_exec(void)
{
	return help_all();
}
