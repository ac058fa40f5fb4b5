/* SPDX-License-Identifier: Apache-2.0 */
#include "launch/variables.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/named.h"
#include "base/out.h"
#include "base/propagator.h"

#define NAME(name) #name ", "

const struct variable variables[] = {
	{ "OTEL_SERVICE_NAME", VARIABLE_SERVICE, "NAME", "the program's name",
	  "What the service is called", false },
	{ "OTEL_RESOURCE_ATTRIBUTES", VARIABLE_SERVICE, "KEY=VALUE,...", NULL,
	  "More about it: service.version=1.4.2,deployment.environment.name=prod", false },

	{ "OTEL_ENTITIES", VARIABLE_SERVICE, "ENTITY;...", NULL,
	  "What it belongs to: k8s.pod{k8s.pod.uid=7a}[k8s.pod.name=shop-1];host{host.id=h}",
	  false },
	{ "ORIEL_RESOURCE_DETECTORS", VARIABLE_SERVICE, "LIST", "all",
	  "What is found out about it: process, host, os, container; none; else OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
	  false },
	{ "ORIEL_COMMAND_ARGS", VARIABLE_SERVICE, NULL, "false",
	  "Tell the arguments of the command, too (process.command_args); they may hold secrets",
	  false },

	{ "OTEL_CONFIG_FILE", VARIABLE_RECORDING, "FILE", NULL,
	  "OpenTelemetry's declarative configuration (YAML); its variables don't count beside it; else OTEL_EXPERIMENTAL_CONFIG_FILE",
	  false },
	{ "ORIEL_YAML", VARIABLE_RECORDING, "FILE", NULL,
	  "The same kind of file (oriel.yaml) for what no variable says", false },
	{ "OTEL_SDK_DISABLED", VARIABLE_RECORDING, NULL, "false",
	  "Record nothing; trace context and baggage are passed on all the same, by OTEL_PROPAGATORS",
	  false },
	{ "OTEL_TRACES_SAMPLER", VARIABLE_RECORDING, "NAME", "parentbased_always_on",
	  "Which traces are recorded: always_on, always_off, traceidratio, jaeger_remote, or parentbased_ and one of these",
	  false },
	{ "OTEL_TRACES_SAMPLER_ARG", VARIABLE_RECORDING, "ARG", "1.0",
	  "For traceidratio: from 0.0 to 1.0; for jaeger_remote: endpoint=URL,pollingIntervalMs=60000,initialSamplingRate=0.001",
	  false },
	{ "ORIEL_SAMPLING_RULES", VARIABLE_RECORDING, "RULE;...", NULL,
	  "For the traces that begin with such a span: url.path=/health*,ratio=0; kind=server,limit=10",
	  false },
	{ "ORIEL_SAMPLING_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "Of the traces that begin in a process, record so many a second", false },
	{ "ORIEL_TAIL_RATIO", VARIABLE_RECORDING, "RATIO", NULL,
	  "Keep every trace with an error and every slow one, and this share of the rest, decided when it has ended",
	  false },
	{ "ORIEL_TAIL_SLOW_MS", VARIABLE_RECORDING, "MS", "1000",
	  "With it: a trace that took so long is slow; 0: none is", false },
	{ "OTEL_PROPAGATORS", VARIABLE_RECORDING, "LIST", "tracecontext,baggage",
	  "Headers in which a trace goes from service to service: " PROPAGATORS(NAME) "none",
	  false },
	{ "OTEL_ATTRIBUTE_COUNT_LIMIT", VARIABLE_RECORDING, "NUMBER", "128",
	  "Attributes of a span, an event, a link or a log record; more are dropped, and counted",
	  false },
	{ "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "Characters of a text in them", false },
	{ "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "The same for spans alone", false },
	{ "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "Of spans, their events and links alone", false },
	{ "OTEL_SPAN_EVENT_COUNT_LIMIT", VARIABLE_RECORDING, "NUMBER", "128", "Events of a span",
	  false },
	{ "OTEL_SPAN_LINK_COUNT_LIMIT", VARIABLE_RECORDING, "NUMBER", "128", "Links of a span",
	  false },
	{ "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "Attributes of an event", false },
	{ "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "Attributes of a link", false },
	{ "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "Attributes of a log record", false },
	{ "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", VARIABLE_RECORDING, "NUMBER", NULL,
	  "Characters of a text in them", false },
	{ "ORIEL_EXCLUDED_URLS", VARIABLE_RECORDING, "PATTERN,...", NULL,
	  "Paths of requests that are left out: regular expressions, searched in the path; \\, is a comma",
	  false },
	{ "ORIEL_EXCLUDED_URLS_TRACES", VARIABLE_RECORDING, "PATTERN,...", NULL,
	  "The same for traces alone, instead of that list", false },
	{ "ORIEL_EXCLUDED_URLS_METRICS", VARIABLE_RECORDING, "PATTERN,...", NULL,
	  "The same for metrics alone", false },
	{ "ORIEL_EXCLUDED_URLS_ACCESS_LOG", VARIABLE_RECORDING, "PATTERN,...", NULL,
	  "The same for the access log alone", false },
	{ "OTEL_PYTHON_TOMODACHI_EXCLUDED_URLS", VARIABLE_RECORDING, "PATTERN,...", NULL,
	  "Without ORIEL_EXCLUDED_URLS: the same for traces and metrics", false },
	{ "OTEL_PYTHON_AIOHTTP_EXCLUDED_URLS", VARIABLE_RECORDING, "PATTERN,...", NULL,
	  "Likewise, and together with that one", false },
	{ "OTEL_PYTHON_EXCLUDED_URLS", VARIABLE_RECORDING, "PATTERN,...", NULL,
	  "Likewise, when none of the others is set", false },
	{ "ORIEL_INSTRUMENT", VARIABLE_RECORDING, "no", NULL,
	  "no: watch no libraries; what the program itself calls in liboriel is recorded", false },
	{ "TOMODACHI_OPENTELEMETRY_INSTRUMENT", VARIABLE_RECORDING, NULL, "true",
	  "0, no, none or false: the same, if that is not set", false },
	{ "ORIEL_DISABLED_INSTRUMENTATIONS", VARIABLE_RECORDING, "LIST", NULL,
	  "Libraries to leave alone: sqlite,libcurl,... (* for all); else OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
	  false },
	{ "ORIEL_SQLCOMMENTER", VARIABLE_RECORDING, "LIST", "no",
	  "Put the trace into SQL as a comment: yes, or postgresql,mariadb", false },
	{ "ORIEL_SOCKETS_INJECT", VARIABLE_RECORDING, NULL, "false",
	  "Put the trace into HTTP/1 requests that the program writes to its own sockets", false },
	{ "ORIEL_REQUEST_ID_HEADERS", VARIABLE_RECORDING, "LIST", "X-Request-ID",
	  "Fields that a request's id may come in; it goes out in the first of them, and in none if there is none",
	  false },
	{ "ORIEL_AUDIT_FLUSH_MS", VARIABLE_RECORDING, "MS", "1000",
	  "How long exit waits for audit records to be on disk; 0: not at all", false },
	{ "ORIEL_TRUSTED_PROXIES", VARIABLE_RECORDING, "LIST", NULL,
	  "Proxies that are believed who a request is from: addresses, blocks (10.0.0.0/8), loopback, private, "
	  "unix",
	  false },
	{ "ORIEL_FORWARDED_HEADER", VARIABLE_RECORDING, "NAME",
	  "X-Forwarded-For and Forwarded, if they agree", "The field that those proxies say it in",
	  false },
	{ "ORIEL_SOCKETS_REQUEST_ID", VARIABLE_RECORDING, NULL, "false",
	  "Give each HTTP/1 request that the program reads from its own sockets an id, and put it into the response",
	  false },
	{ "OTEL_INSTRUMENTATION_HTTP_KNOWN_METHODS", VARIABLE_RECORDING, "LIST", "the standard's",
	  "HTTP methods that are told apart", false },
	{ "ORIEL_REDACT", VARIABLE_RECORDING, "RULES", NULL,
	  "What is redacted beside what looks like a secret: NAME=mask, drop, hash or keep, ...; off: "
	  "nothing",
	  false },
	{ "ORIEL_REDACT_HASH_KEY", VARIABLE_RECORDING, "TEXT", "a random one for each process",
	  "The key of hashes that stand for what is redacted", false },
	{ "ORIEL_BOOTSTRAP", VARIABLE_RECORDING, "FILE",
	  "oriel_bootstrap.so beside the program, or a function in it",
	  "Run this hook before the program: a shared object, or a script that prints settings; none: no "
	  "hook",
	  false },
	{ "ORIEL_BOOTSTRAP_TIMEOUT", VARIABLE_RECORDING, "SECONDS", "2",
	  "The hook may take this long; 500ms, 2s and 1m are understood, too", false },
	{ "LOG_LEVEL", VARIABLE_RECORDING, "LEVEL", "INFO",
	  "The least log level that counts: DEBUG, INFO, WARNING, ERROR, CRITICAL", false },
	{ "ORIEL_LOG_LEVELS", VARIABLE_RECORDING, "LOGGER=LEVEL,...", NULL,
	  "The same for some loggers, such as db=debug,http=warning", false },
	{ "ORIEL_CAPTURE", VARIABLE_RECORDING, "stdout,stderr", "none",
	  "Lines that the program writes there are log records, too", false },
	{ "ORIEL_FALLBACK", VARIABLE_RECORDING, "none", NULL,
	  "none: no log lines on standard error while no collector lives", false },
	{ "ORIEL_CRASH_HANDLER", VARIABLE_RECORDING, "off", NULL,
	  "off: leave the fatal signals alone; where the program crashed is then not known",
	  false },
	{ "ORIEL_PROCESS_METRICS", VARIABLE_RECORDING, "false", "true",
	  "false: leave out what the kernel tells of the process: processor time, memory, descriptors",
	  false },
	{ "ORIEL_SEGMENT_SIZE", VARIABLE_RECORDING, "BYTES", "1048576",
	  "Shared memory of each process, 64 KiB at least", false },

	{ "OTEL_TRACES_EXPORTER", VARIABLE_DESTINATION, "LIST", "none",
	  "Send spans to: otlp, otlp_file, zipkin, datadog, sentry, console, none; otlp/eu is one more, with ORIEL_OF_EU_OTEL_EXPORTER_OTLP_ENDPOINT and so on",
	  false },
	{ "OTEL_METRICS_EXPORTER", VARIABLE_DESTINATION, "LIST", "none",
	  "Send metrics to: otlp, otlp_file, console, prometheus (to be asked for them), none",
	  false },
	{ "OTEL_LOGS_EXPORTER", VARIABLE_DESTINATION, "LIST", "none",
	  "Send log records to: otlp, otlp_file, console, none", false },
	{ "OTEL_EXPORTER_OTLP_ENDPOINT", VARIABLE_DESTINATION, "URL", "http://localhost:4318",
	  "The OTLP receiver; HOST:PORT means gRPC", true },
	{ "OTEL_EXPORTER_OTLP_PROTOCOL", VARIABLE_DESTINATION, "NAME", "http/protobuf",
	  "How to speak to it: http/protobuf, http/json or grpc", true },
	{ "OTEL_EXPORTER_OTLP_INSECURE", VARIABLE_DESTINATION, NULL, "true",
	  "false: TLS also to a receiver that is named as HOST:PORT", true },
	{ "OTEL_EXPORTER_OTLP_HEADERS", VARIABLE_DESTINATION, "KEY=VALUE,...", NULL,
	  "Headers of each request, such as an API key", true },
	{ "OTEL_EXPORTER_OTLP_COMPRESSION", VARIABLE_DESTINATION, "NAME", "none",
	  "gzip, zstd or none", true },
	{ "OTEL_EXPORTER_OTLP_TIMEOUT", VARIABLE_DESTINATION, "MS", "10000",
	  "Give one request up after this long", true },
	{ "OTEL_EXPORTER_OTLP_CERTIFICATE", VARIABLE_DESTINATION, "FILE", NULL,
	  "Certificates (PEM) that the receiver's is checked against", true },
	{ "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", VARIABLE_DESTINATION, "FILE", NULL,
	  "Our own certificate (PEM), for mutual TLS", true },
	{ "OTEL_EXPORTER_OTLP_CLIENT_KEY", VARIABLE_DESTINATION, "FILE", NULL, "Its key (PEM)",
	  true },
	{ "OTEL_EXPORTER_ZIPKIN_ENDPOINT", VARIABLE_DESTINATION, "URL",
	  "http://localhost:9411/api/v2/spans", "The Zipkin server", false },
	{ "OTEL_EXPORTER_ZIPKIN_TIMEOUT", VARIABLE_DESTINATION, "MS", "10000",
	  "Give one request to it up after this long", false },
	{ "DD_TRACE_ENABLED", VARIABLE_DESTINATION, NULL, "false",
	  "Send spans to Datadog's agent, unless they go somewhere by OTLP or Zipkin", false },
	{ "DD_AGENT_HOST", VARIABLE_DESTINATION, "HOST", "localhost", "Where the agent is", false },
	{ "DD_TRACE_AGENT_PORT", VARIABLE_DESTINATION, "PORT", "8126", "Its port for traces",
	  false },
	{ "DD_TRACE_AGENT_URL", VARIABLE_DESTINATION, "URL", NULL,
	  "Both, instead; or unix:// and a socket's path", false },
	{ "SENTRY_DSN", VARIABLE_DESTINATION, "URL", NULL,
	  "Send errors to this project of Sentry: https://KEY@HOST/PROJECT", false },
	{ "SENTRY_ENVIRONMENT", VARIABLE_DESTINATION, "NAME", "development",
	  "Which environment they are from; else SENTRY_ENV", false },
	{ "SENTRY_RELEASE", VARIABLE_DESTINATION, "NAME", "the service's name and version",
	  "Which release; else RELEASE_SHA", false },
	{ "SENTRY_SAMPLE_RATE", VARIABLE_DESTINATION, "RATIO", "1.0", "The share of errors to send",
	  false },
	{ "SENTRY_TRACES_SAMPLE_RATE", VARIABLE_DESTINATION, "RATIO", "0.1",
	  "The share of traces to send there, too; else SENTRY_TRACES_RATE", false },
	{ "SENTRY_SEND_DEFAULT_PII", VARIABLE_DESTINATION, NULL, "false",
	  "With the client's address and the query", false },
	{ "SENTRY_SPOTLIGHT", VARIABLE_DESTINATION, NULL, "false",
	  "Sentry's SDKs of other languages report to the page here, beside wherever they report to (--spotlight)",
	  false },
	{ "ORIEL_OTLP_FILE", VARIABLE_DESTINATION, "FILE", NULL,
	  "Where otlp_file appends JSON lines, %s in it being traces, logs or metrics; the standard "
	  "output if not set",
	  false },
	{ "ORIEL_ACCESS_LOG", VARIABLE_RECORDING, NULL,
	  "true if a format or profile of log lines is set",
	  "A log record for each request that is served", false },
	{ "ORIEL_ACCESS_LOG_IGNORE", VARIABLE_RECORDING, "LIST", NULL,
	  "But not for these: routes or paths (/static/*), status codes (404, 2xx), both (/health:2xx)",
	  false },
	{ "ORIEL_SLOW_QUERY_MS", VARIABLE_RECORDING, "MS", "1000",
	  "A warning for each statement that took so long; 0: none", false },
	{ "ORIEL_LOG_FORMAT", VARIABLE_DESTINATION, "FORMAT", "console on a terminal, else json",
	  "How log lines look, on standard error and in the log file: json, logfmt, console, text, none "
	  "(no lines); LOG_FORMAT if not set",
	  false },
	{ "ORIEL_LOG_PROFILE", VARIABLE_DESTINATION, "NAME", "oriel",
	  "Which keys they have: oriel, nori, tomodachi, divak, structlog", false },
	{ "ORIEL_LOG_FILE", VARIABLE_DESTINATION, "FILE", NULL,
	  "Log lines go there as well; LOG_FILE if not set", false },
	{ "ORIEL_LOG_FILE_SIZE", VARIABLE_DESTINATION, "BYTES", "10485760",
	  "It is rotated when it would be larger; 0: never", false },
	{ "ORIEL_LOG_FILE_KEPT", VARIABLE_DESTINATION, "N", "5",
	  "So many old ones are kept, as FILE.1, FILE.2 and so on; 0: it isn't rotated", false },
	{ "OTEL_BSP_SCHEDULE_DELAY", VARIABLE_DESTINATION, "MS", "5000",
	  "Gather spans for so long before they are sent; the console and files have them after 200",
	  false },
	{ "OTEL_BSP_MAX_QUEUE_SIZE", VARIABLE_DESTINATION, "COUNT", "65536",
	  "So many may wait for a destination, of all processes together; more are dropped, and counted",
	  false },
	{ "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", VARIABLE_DESTINATION, "COUNT", "8192",
	  "Send so many at once at most; 1: each by itself", false },
	{ "OTEL_BSP_EXPORT_TIMEOUT", VARIABLE_DESTINATION, "MS", "30000",
	  "Give sending them over OTLP up after this long, if no other time-out is shorter",
	  false },
	{ "OTEL_BLRP_SCHEDULE_DELAY", VARIABLE_DESTINATION, "MS", "1000",
	  "The same for log records, and for spans that go with them", false },
	{ "OTEL_BLRP_MAX_QUEUE_SIZE", VARIABLE_DESTINATION, "COUNT", "65536", "Likewise", false },
	{ "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", VARIABLE_DESTINATION, "COUNT", "8192", "Likewise",
	  false },
	{ "OTEL_BLRP_EXPORT_TIMEOUT", VARIABLE_DESTINATION, "MS", "30000", "Likewise", false },
	{ "ORIEL_OTLP_MAX_REQUEST_SIZE", VARIABLE_DESTINATION, "BYTES", "67108864",
	  "The largest request to an OTLP receiver, unpacked; by gRPC 4194304 unless said so",
	  false },
	{ "ORIEL_OTLP_MAX_RESPONSE_SIZE", VARIABLE_DESTINATION, "BYTES", "4194304",
	  "So much of its answer is read, unpacked", false },
	{ "ORIEL_EXPORT_CONCURRENCY", VARIABLE_DESTINATION, "1..32", "4",
	  "So many requests are under way to a receiver of OTLP, Zipkin or Datadog at once, if one after the other isn't enough; 1 keeps their order",
	  false },
	{ "ORIEL_QUEUE_MAX_BYTES", VARIABLE_DESTINATION, "BYTES", "536870912",
	  "What an OTLP receiver doesn't take waits in the data directory, so much of it at most; 0: nothing does",
	  false },
	{ "ORIEL_SPAN_METRICS", VARIABLE_DESTINATION, NULL, "false",
	  "Count spans, by name, kind and status, before any sampling: traces.span.metrics.calls and .duration",
	  false },
	{ "ORIEL_SPAN_METRICS_ALL", VARIABLE_DESTINATION, NULL, "false",
	  "Each one, also those that a limit, always_off or an unsampled parent leaves out: they cost what sampled ones do",
	  false },
	{ "ORIEL_SPAN_METRICS_DIMENSIONS", VARIABLE_DESTINATION, "KEY,...", NULL,
	  "And by these attributes of theirs, or of the resource: http.route,deployment.environment.name",
	  false },
	{ "ORIEL_SDK_METRICS", VARIABLE_DESTINATION, NULL, "false",
	  "Tell otel.sdk.*: spans begun, what waits, what was exported and how long that took",
	  false },
	{ "OTEL_METRIC_EXPORT_INTERVAL", VARIABLE_DESTINATION, "MS", "60000",
	  "Send metrics this often", false },
	{ "OTEL_METRIC_EXPORT_TIMEOUT", VARIABLE_DESTINATION, "MS", "30000",
	  "Give sending them up after this long", false },
	{ "ORIEL_METRIC_EXPORT_MAX_BATCH_SIZE", VARIABLE_DESTINATION, "COUNT", NULL,
	  "So many points in one request at most", false },
	{ "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", VARIABLE_DESTINATION, "WORD",
	  "cumulative",
	  "delta: what has come since the last time; lowmemory: but counters that are observed",
	  false },
	{ "ORIEL_CONSOLE_TEMPORALITY_PREFERENCE", VARIABLE_DESTINATION, "WORD", "cumulative",
	  "The same for the console", false },
	{ "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", VARIABLE_RECORDING, "WORD",
	  "explicit_bucket_histogram",
	  "base2_exponential_bucket_histogram: bounds that follow what is measured", false },
	{ "OTEL_EXPORTER_PROMETHEUS_HOST", VARIABLE_DESTINATION, "HOST", "localhost",
	  "For prometheus: where metrics are asked for, at /metrics", false },
	{ "OTEL_EXPORTER_PROMETHEUS_PORT", VARIABLE_DESTINATION, "PORT", "9464", "Its port",
	  false },
	{ "ORIEL_PROMETHEUS_NAMESPACE_PREFIX", VARIABLE_DESTINATION, "NAME", NULL,
	  "Stands before the name of each metric there", false },
	{ "ORIEL_PROMETHEUS_TARGET_INFO", VARIABLE_DESTINATION, "false", "true",
	  "false: no target_info, which tells the service's resource", false },
	{ "ORIEL_PROMETHEUS_SCOPE_INFO", VARIABLE_DESTINATION, "false", "true",
	  "false: neither otel_scope_info nor scopes as labels; the same series of several add up",
	  false },
	{ "ORIEL_PROMETHEUS_CREATED", VARIABLE_DESTINATION, "false", "true",
	  "false: OpenMetrics without _created", false },
	{ "ORIEL_PROMETHEUS_SUFFIXES", VARIABLE_DESTINATION, "false", "true",
	  "false: names without units and _total, but for the _total that OpenMetrics wants",
	  false },
	{ "ORIEL_PROMETHEUS_EXEMPLARS", VARIABLE_DESTINATION, "false", "true",
	  "false: OpenMetrics without exemplars", false },
	{ "ORIEL_PROMETHEUS_JOB", VARIABLE_DESTINATION, NULL, "false",
	  "job and instance as labels of every series", false },
	{ "ORIEL_METRIC_PROFILE", VARIABLE_DESTINATION, "NAME", "none",
	  "fastapi: http_requests_total, http_request_duration_seconds, "
	  "active_database_connections; tomodachi: http.server.duration, "
	  "http.server.active_requests; in place of the conventions' names",
	  false },
	{ "OTEL_PYTHON_METER_PROVIDER", VARIABLE_DESTINATION, "NAME", NULL,
	  "tomodachi_prometheus: be asked for metrics, as OTEL_METRICS_EXPORTER=prometheus says, by tomodachi's names; else OTEL_METER_PROVIDER",
	  false },
	{ "OTEL_PYTHON_METRIC_READER", VARIABLE_DESTINATION, "LIST", NULL,
	  "Likewise; else OTEL_METRIC_READER", false },
	{ "OTEL_PYTHON_TOMODACHI_PROMETHEUS_ADDRESS", VARIABLE_DESTINATION, "HOST", NULL,
	  "Goes before OTEL_EXPORTER_PROMETHEUS_HOST", false },
	{ "OTEL_PYTHON_TOMODACHI_PROMETHEUS_PORT", VARIABLE_DESTINATION, "PORT", NULL,
	  "Goes before OTEL_EXPORTER_PROMETHEUS_PORT", false },
	{ "OTEL_PYTHON_TOMODACHI_PROMETHEUS_NAMESPACE_PREFIX", VARIABLE_DESTINATION, "NAME", NULL,
	  "If ORIEL_PROMETHEUS_NAMESPACE_PREFIX is not set", false },
	{ "OTEL_PYTHON_TOMODACHI_PROMETHEUS_INCLUDE_SCOPE_INFO", VARIABLE_DESTINATION, "true|false",
	  NULL, "If ORIEL_PROMETHEUS_SCOPE_INFO is not set", false },
	{ "OTEL_PYTHON_TOMODACHI_PROMETHEUS_INCLUDE_TARGET_INFO", VARIABLE_DESTINATION,
	  "true|false", NULL, "If ORIEL_PROMETHEUS_TARGET_INFO is not set", false },
	{ "OTEL_PYTHON_TOMODACHI_PROMETHEUS_EXEMPLARS_ENABLED", VARIABLE_DESTINATION, "true|false",
	  NULL, "If ORIEL_PROMETHEUS_EXEMPLARS is not set", false },
	{ "ORIEL_GAUGE_MODES", VARIABLE_DESTINATION, "METRIC=MODE,...", "liveall",
	  "How gauges of several processes become one: liveall, all, livesum, sum, livemin, min, livemax, "
	  "max, livemostrecent, mostrecent; * is any other",
	  false },

	{ "ORIEL_LISTEN", VARIABLE_COLLECTOR, "HOST:PORT", "127.0.0.1:8321",
	  "Where the page is; the next free port if that one is taken", false },
	{ "ORIEL_OTLP_LISTEN", VARIABLE_COLLECTOR, "HOST:PORT", "127.0.0.1:4318",
	  "Where others may send OTLP over HTTP; the next free port if that one is taken; none: nowhere",
	  false },
	{ "ORIEL_OTLP_GRPC_LISTEN", VARIABLE_COLLECTOR, "HOST:PORT", "127.0.0.1:4317",
	  "Likewise OTLP over gRPC", false },
	{ "ORIEL_ZIPKIN_LISTEN", VARIABLE_COLLECTOR, "HOST:PORT", NULL,
	  "Where Zipkin's clients may send, 127.0.0.1:9411 say; /api/v2/spans is on OTLP's HTTP port, too",
	  false },
	{ "ORIEL_STORE", VARIABLE_COLLECTOR, "FILE", "oriel.db in the data directory",
	  "Keep traces and logs there; none: keep nothing", false },
	{ "ORIEL_AUDIT_DAYS", VARIABLE_COLLECTOR, "DAYS", "for good",
	  "Keep audit records for so long", false },
	{ "ORIEL_STORE_MAX_BYTES", VARIABLE_COLLECTOR, "BYTES", "2147483648",
	  "Beyond this the oldest traces go", false },
	{ "ORIEL_STORE_MAX_RUNS", VARIABLE_COLLECTOR, "N", "1000", "Beyond this the oldest runs go",
	  false },
	{ "ORIEL_DATA_DIR", VARIABLE_COLLECTOR, "DIR", "~/.local/share/oriel",
	  "The data directory: the store, the collector's log", false },
	{ "ORIEL_RUN_DIR", VARIABLE_COLLECTOR, "DIR", "/dev/shm/oriel-UID",
	  "Where shared memory and the collector's socket are: one user's alone", false },
	{ "ORIEL_LINGER", VARIABLE_COLLECTOR, "SECONDS", "60",
	  "The collector stays this long with nothing to do", false },

	{ "OTEL_LOG_LEVEL", VARIABLE_LAUNCH, "LEVEL", "info",
	  "What `oriel run` and a collector that it starts say themselves: warn, and nothing that is no trouble is said; error or none: no warnings either",
	  false },
	{ "ORIEL_STRICT", VARIABLE_LAUNCH, NULL, "false",
	  "Refuse to start what can't be watched (exit 125)", false },
	{ "ORIEL_VERBOSE", VARIABLE_LAUNCH, NULL, "false",
	  "Say what is watched and where, also when standard error is no terminal", false },
	{ "ORIEL_AGENT", VARIABLE_LAUNCH, "FILE", "liboriel-agent.so beside oriel",
	  "The library that is loaded into programs", false },
	{ "ORIEL_FOLLOW", VARIABLE_LAUNCH, "no", NULL,
	  "no: don't watch the programs that it starts; --no-follow says the same", false },
	{ "ORIEL_AUDIT", VARIABLE_LAUNCH, "yes|no", "where it is safe",
	  "Use the dynamic linker's auditing (LD_AUDIT), by which calls through RTLD_DEEPBIND and dlsym are "
	  "seen; yes: in all that the program starts, too",
	  false },
	{ "OTEL_METRICS_EXEMPLAR_FILTER", VARIABLE_RECORDING, "FILTER", "trace_based",
	  "Which measurements are kept as examples: trace_based (those in sampled spans), always_on, "
	  "always_off",
	  false },
	{ "ORIEL_VIEWS", VARIABLE_RECORDING, "VIEW;...", NULL,
	  "What becomes of instruments: instrument=NAME* (kind=, unit=, meter_name=, meter_version=, "
	  "meter_schema_url=), then name=, description=, attributes=A|B, without=A|B, buckets=1|2|5, quantiles=0.5|0.9, aggregation=drop, sum, "
	  "last_value, histogram, exponential, summary; limit=N",
	  false },
	{ "ORIEL_CARDINALITY_LIMIT", VARIABLE_RECORDING, "COUNT", "2000",
	  "Sets of attributes of an instrument of which no view says how many, the overflow included",
	  false },
	{ "ORIEL_COLLECTOR", VARIABLE_LAUNCH, "none", NULL,
	  "Start no collector if none is there; what is recorded waits for one", false },
	{ NULL, 0, NULL, NULL, NULL, false },
};

static const char otlp[] = "OTEL_EXPORTER_OTLP_";
static const char *const signals[] = { "TRACES_", "METRICS_", "LOGS_" };

enum { N_SIGNAL_WORDS = sizeof(signals) / sizeof(signals[0]) };

const char *variable_group_title(enum variable_group group)
{
	static const char *const title[N_VARIABLE_GROUPS] = {
		[VARIABLE_SERVICE] = "Who the service is",
		[VARIABLE_RECORDING] = "What is recorded",
		[VARIABLE_DESTINATION] = "Where it goes, besides the page",
		[VARIABLE_COLLECTOR] = "The collector, when none is running yet",
		[VARIABLE_LAUNCH] = "Oriel itself",
	};

	return title[group];
}

bool variable_name(const struct variable *v, size_t i, char name[VARIABLE_NAME_ROOM])
{
	if (i > (v->per_signal ? N_SIGNAL_WORDS : 0))
		return false;
	if (i)
		snprintf(name, VARIABLE_NAME_ROOM, "%s%s%s", otlp, signals[i - 1],
			 v->name + sizeof(otlp) - 1);
	else
		snprintf(name, VARIABLE_NAME_ROOM, "%s", v->name);
	return true;
}

const struct variable *variable_of(const char *name)
{
	char whole[VARIABLE_NAME_ROOM];

	for (const struct variable *v = variables; v->name; v++)
		for (size_t i = 0; variable_name(v, i, whole); i++)
			if (strcmp(name, whole) == 0)
				return v;
	return NULL;
}

/* Do they name the same? Case doesn't matter, nor which of '-' and '_' is used. */
static bool same_name(struct str option, const char *name)
{
	for (size_t i = 0; i < option.n; i++) {
		char a = option.p[i] == '-' ? '_' : option.p[i], b = name[i];

		if (str_lower(a) != str_lower(b) || (a >= 'A' && a <= 'Z') || !b)
			return false;
	}
	return name[option.n] == '\0';
}

/*
 * The first word says whose a variable is; LOG_LEVEL and its kin are nobody's, and need it, and so does
 * OTEL_LOG_LEVEL, to be told from it.
 */
static const char *without_first_word(const char *name)
{
	const bool needs_it = str_starts(str_of(name), STR("LOG_")) ||
			      str_eq(str_of(name), STR("OTEL_LOG_LEVEL"));

	return needs_it ? name : strchr(name, '_') + 1;
}

/* OTEL_PYTHON_X is --x for Python's own launcher; where X is ours, too, that is meant. */
static const struct variable *find_pythons(struct str option, char name[VARIABLE_NAME_ROOM])
{
	static const char python[] = "OTEL_PYTHON_";

	for (const struct variable *v = variables; v->name; v++)
		if (str_starts(str_of(v->name), STR("OTEL_PYTHON_")) &&
		    same_name(option, v->name + sizeof(python) - 1)) {
			snprintf(name, VARIABLE_NAME_ROOM, "%s", v->name);
			return v;
		}
	return NULL;
}

const struct variable *variable_find(struct str option, char name[VARIABLE_NAME_ROOM])
{
	for (const struct variable *v = variables; v->name; v++)
		for (size_t i = 0; variable_name(v, i, name); i++)
			if (same_name(option, without_first_word(name)))
				return v;
	return find_pythons(option, name);
}

void variable_option(const struct variable *v, char option[VARIABLE_NAME_ROOM])
{
	snprintf(option, VARIABLE_NAME_ROOM, "%s", without_first_word(v->name));
	for (char *c = option; *c; c++)
		*c = *c == '_' ? '-' : str_lower(*c);
}

const char *variable_get(const char *name)
{
	const char *value = getenv(name);

	return value && value[0] ? value : NULL;
}

bool variable_is_true(const char *name)
{
	struct str value = str_of(variable_get(name));

	return str_eq_nocase(value, STR("true")) ||
	       (strncmp(name, "ORIEL_", 6) == 0 && str_eq(value, STR("1")));
}

static bool is_path(const struct variable *v)
{
	return v->argument && (strcmp(v->argument, "FILE") == 0 || strcmp(v->argument, "DIR") == 0);
}

static void make_absolute(const char *name, const char *here)
{
	const char *value = variable_get(name);
	char path[8192];

	if (!value || value[0] == '/' || strcmp(value, "none") == 0)
		return;
	if (snprintf(path, sizeof(path), "%s/%s", here, value) < (int)sizeof(path))
		setenv(name, path, 1);
}

/* Plugins in a list of exporters, as one names files: ./mine.so */
static void make_list_absolute(const char *name, const char *here)
{
	struct str rest = str_of(variable_get(name));
	struct out o = { 0 };

	while (rest.n) {
		struct cut item = str_cut(rest, ',');
		struct str word = str_trim(item.head);

		rest = item.tail;
		if (o.n)
			out_char(&o, ',');
		if (str_starts(word, STR("./")) || str_starts(word, STR("../")))
			out_fmt(&o, "%s/", here);
		out_str(&o, word);
	}
	out_char(&o, '\0');
	if (!o.error && o.n > 1)
		setenv(name, o.p, 1);
	out_fini(&o);
}

/* ORIEL_OF_EU_ORIEL_OTLP_FILE: a name ends where a variable's begins. */
static bool is_path_of_one(const char *name)
{
	const struct variable *v = NULL;

	for (name = strchr(name + sizeof(NAMED_OF) - 1, '_'); name && !v; name = strchr(name, '_'))
		v = variable_of(++name);
	return v && is_path(v);
}

static void make_named_absolute(const char *here)
{
	char name[NAMED_PREFIX_ROOM + VARIABLE_NAME_ROOM];

	for (char **e = environ; *e; e++) {
		struct str is = str_cut(str_of(*e), '=').head;

		if (is.n >= sizeof(name) || !str_starts(is, STR(NAMED_OF)))
			continue;
		snprintf(name, sizeof(name), STR_FMT, STR_ARG(is));
		if (is_path_of_one(name))
			make_absolute(name, here);
	}
}

void variables_make_absolute(void)
{
	char here[4096], name[VARIABLE_NAME_ROOM];

	if (!getcwd(here, sizeof(here)))
		return;
	make_list_absolute("OTEL_TRACES_EXPORTER", here);
	make_list_absolute("OTEL_METRICS_EXPORTER", here);
	make_list_absolute("OTEL_LOGS_EXPORTER", here);
	/* A program may read LOG_FILE itself, so it stays what it is. */
	if (!variable_get("ORIEL_LOG_FILE") && variable_get("LOG_FILE") &&
	    variable_get("LOG_FILE")[0] != '/')
		setenv("ORIEL_LOG_FILE", variable_get("LOG_FILE"), 1);
	for (const struct variable *v = variables; v->name; v++) {
		for (size_t i = 0; is_path(v) && variable_name(v, i, name); i++)
			make_absolute(name, here);
	}
	make_named_absolute(here);
}
