/* SPDX-License-Identifier: Apache-2.0 */
/* Misspelling: how far apart two words are, in letters changed, swapped, added or lost. */
#pragma once

enum { MISSPELLING_MOST = 64 /* letters; longer words are that far apart */ };

unsigned misspelling_distance(const char *a, const char *b);
