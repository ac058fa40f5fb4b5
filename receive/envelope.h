/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Envelope: what Sentry's SDKs send, read: events become log records, which errors are, and transactions become
 * spans. For SDKs in a run that was told to (oriel run --spotlight).
 *
 *     r = envelope_decode(&got, body, &source);      0, RECEIPT_BAD, or -ENOMEM
 *
 * Items of other kinds are skipped, as the protocol wants. Who made a request isn't looked at. The service is
 * the event's tag `service.name`, else what its release is called, else the server's name.
 */
#pragma once

#include "receive/otlp.h"

int envelope_decode(struct receipt *out, struct str body, const struct otlp_source *from);
