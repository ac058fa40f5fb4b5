/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zipkin, read: version 2 of its JSON into batches, by OpenTelemetry's mapping, the other way round.
 *
 *     struct receipt got = { 0 };
 *     r = zipkin_decode(&got, body, &source);      0, RECEIPT_BAD, or -ENOMEM
 *
 * Ids of 64 bits are those with zeros before them. Tags are attributes, all of them texts; annotations are
 * events; the tag `error` is the status. Where the two ends of a call have one id between them (`shared`), the
 * server's gets another one, and the client's for its parent; what the same service did below it
 * follows, if it is in the same request.
 */
#pragma once

#include "receive/otlp.h"

int zipkin_decode(struct receipt *out, struct str body, const struct otlp_source *from);
