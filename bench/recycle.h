/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recycle: stands in for the collector between two timed bursts, so that a figure is the writer's
 * alone. It maps the segment as a collector would and makes every sealed chunk free again, unread;
 * a burst that lost a record is no figure, so recycle_losses is asked after each.
 */
#pragma once

#include "wire/segment.h"

#include <stdbool.h>

struct recycle {
	struct segment_header *segment;
};

/* Sets ORIEL_RUN_DIR to a fresh folder; call before oriel_start. */
void recycle_prepare(void);
void recycle_open(struct recycle *r); /* after oriel_start */
void recycle_run(struct recycle *r);  /* between bursts, no writer at work */
uint64_t recycle_losses(const struct recycle *r);
void recycle_close(struct recycle *r); /* removes the folder */
