/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accept: what a client would rather have, by weight (RFC 9110, 12.4.2).
 *
 *     accept_openmetrics(header)      OpenMetrics 1.0.0 rather than text 0.0.4?
 *     accept_gzip(header)
 *
 * Of equal weights the first in the header wins. Versions that we don't write are as if they were not
 * there; who takes nothing of ours gets plain text.
 */
#pragma once

#include "base/str.h"

bool accept_openmetrics(struct str header);
bool accept_gzip(struct str header);
