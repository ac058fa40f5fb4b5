/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Target: where one signal's OTLP requests go and how, from the OTEL_EXPORTER_OTLP_* settings.
 *
 *     struct otlp_target t;
 *     r = otlp_target_read(&t, SIGNAL_SPAN, &settings, &arena, why);
 *
 * Each setting is OTEL_EXPORTER_OTLP_TRACES_x (LOGS, METRICS) if that is there, else
 * OTEL_EXPORTER_OTLP_x. A signal's own endpoint is taken as it is; to the common one v1/traces,
 * v1/logs or v1/metrics is appended; of an endpoint for gRPC only scheme, host and port count. One
 * without a scheme means gRPC without TLS (unless OTEL_EXPORTER_OTLP_INSECURE=false), at port 4317
 * if it names none. Who names no protocol and has a scheme speaks http/protobuf. The common endpoint and protocol are looked past when
 * ORIEL_ENDPOINT_IS_OURS says the same: the launcher has set them for others, they lead back to us.
 *
 * Texts lie in the arena and end in NUL.
 */
#pragma once

#include "export/exporter.h"
#include "export/otlp-headers.h"
#include "export/packing.h"

enum otlp_protocol { OTLP_HTTP_PROTOBUF, OTLP_HTTP_JSON, OTLP_GRPC };

struct otlp_target {
	enum otlp_protocol protocol;
	const char *url; /* of the request, gRPC's method included */
	struct otlp_headers headers;
	const char *certificate; /* NULL: not set, for these three */
	const char *client_certificate;
	const char *client_key;
	uint32_t timeout_ms;
	size_t request_most, answer_most; /* bytes; 0: the usual */
	enum packing packing;
};

/*
 * -EINVAL with a line in `why`: this can't be sent anywhere. 0 with a line in `why`: a setting made
 * no sense and its default is used. 0 with an empty `why` otherwise.
 */
int otlp_target_read(struct otlp_target *out, enum signal kind, const struct settings *s,
		     struct arena *a, char why[160]);

bool otlp_endpoint_is_ours(const struct settings *s);

/* Does `kind` have any OTLP setting of its own, one that could lead it elsewhere than the others?
 */
bool otlp_target_is_own(enum signal kind, const struct settings *s);
