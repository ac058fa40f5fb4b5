/* SPDX-License-Identifier: Apache-2.0 */
/* A hook that can't be loaded: nobody has the function that it needs. */
#include "oriel-bootstrap.h"

int nobody_has_this(void);

int oriel_bootstrap(struct oriel_bootstrap *b)
{
	(void)b;
	return nobody_has_this();
}
