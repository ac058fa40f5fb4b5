/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options: what a service's settings say about being scraped, and as words that a collector can keep
 * and compare: services with the same words are served alike, on one port.
 *
 *     prometheus_options_read(&o, &settings)         false: it doesn't ask for it
 *     prometheus_options_write(&o, words);           "localhost\t9464\t0\tshop"
 *     prometheus_options_parse(&o, words);
 *
 * Each setting has several names, of which the first that isn't empty counts; the whole list is in
 * doc/prometheus.md. What makes no sense is counted, and the default stays.
 */
#pragma once

#include "export/prometheus.h"
#include "model/settings.h"

enum { PROMETHEUS_HOST = 128, PROMETHEUS_WORDS = 224 };

struct prometheus_place {
	char host[PROMETHEUS_HOST];
	uint16_t port;
	struct prometheus_options options;
};

/* Is prometheus in OTEL_METRICS_EXPORTER, or tomodachi's the provider? */
bool prometheus_is_asked(const struct settings *settings);

/* Always filled in; true if it is asked for, and recording isn't off. */
bool prometheus_options_read(struct prometheus_place *p, const struct settings *settings);

void prometheus_options_write(const struct prometheus_place *p, char words[PROMETHEUS_WORDS]);
bool prometheus_options_parse(struct prometheus_place *p, const char *words);
