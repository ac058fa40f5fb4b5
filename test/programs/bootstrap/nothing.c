/* SPDX-License-Identifier: Apache-2.0 */
/* A shared object, and no hook: it has no function of that name. */
#include <stddef.h>

__attribute__((visibility("default"))) extern const size_t nothing;
const size_t nothing = 0;
