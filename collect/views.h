/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of what the collector measures by itself (process.*): ORIEL_VIEWS, as a service applies it to
 * what it measures (base/view.h). Names, descriptions, attributes, drop; series that become one add up.
 */
#pragma once

#include "model/batch.h"
#include "model/settings.h"

/* To the points from `first` on; what is left out of them is gone from the batch. */
void views_apply(struct batch *b, size_t first, const struct settings *settings);
