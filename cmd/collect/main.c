/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oriel-collect: the collector's process. Everything that has been built meets here.
 *
 *     receive ───────┐
 *     collector ─► routes ─┬─► keeper ─► store ◄─ view
 *                          └─► destinations          │
 *         ▲                                          │
 *         └────────────────── facts ◄────────────────┘
 *
 * Configured by variables alone (launch/variables.h); `oriel collect` turns options into them. The
 * run directory's lock comes first, so that of two that start at once only one opens the store. A
 * store or a page that can't be had is told, and the rest goes on.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/hex.h"
#include "base/out.h"
#include "base/scoped.h"
#include "base/setting.h"
#include "cmd/collect/facts.h"
#include "cmd/collect/keeper.h"
#include "cmd/collect/routes.h"
#include "cmd/collect/say.h"
#include "export/http.h"
#include "launch/collector.h"
#include "launch/place.h"
#include "launch/variables.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	EXIT_IN_USE = 3, /* there is another one */
	KEEP_MS = 5000,	 /* for the store, at the end */
	RUNS_LOOKED_AT = 100,
	LINGER_S = 60,
	LINGER_MOST_S = 4000000, /* as many milliseconds fit */
};

struct house {
	char run_dir[PLACE_ROOM], data_dir[PLACE_ROOM], store_path[PLACE_ROOM + 16];
	struct store *store;
	struct keeper *keeper;
	struct routes *routes;
	struct collector *collector;
	struct view *view;
	struct receive *receive;
	struct facts facts;
};

static struct collector *running; /* for the signal handler; set before it is installed */
static volatile sig_atomic_t stopped_by;

static void stop(int number)
{
	stopped_by = number;
	collector_stop(running);
}

static void take_signals(struct collector *c)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, end = { .sa_handler = stop };

	running = c;
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGHUP, &end, NULL);
}

static bool is_none(const char *name)
{
	const char *value = variable_get(name);

	return value && strcmp(value, "none") == 0;
}

/* Milliseconds; one in the foreground stays for good unless it is told. */
static uint32_t linger(bool background)
{
	const char *text = variable_get("ORIEL_LINGER");
	uint64_t seconds = LINGER_S;

	if (!text)
		return background ? LINGER_S * 1000 : UINT32_MAX;
	if (!str_to_u64(str_of(text), &seconds))
		say_wrong("ORIEL_LINGER=%s is no number of seconds; it is taken as %d", text,
			  LINGER_S);
	if (seconds > LINGER_MOST_S)
		return UINT32_MAX;
	return seconds ? (uint32_t)(seconds * 1000) : 1;
}

static int complain_of_lock(const char *run_dir, int r, bool background)
{
	struct control_reply other;

	if (r != -EBUSY) {
		say_wrong("can't collect in %s: %s", run_dir, err_path(r));
		return 1;
	}
	if (background)
		return 0;
	if (collector_hello(run_dir, &other) == 0)
		say("a collector is running already pid=%d page=http://%s/ run_dir=%s", other.pid,
		    other.address, run_dir);
	else
		say("a collector is running already run_dir=%s", run_dir);
	return EXIT_IN_USE;
}

/* Runs whose end no collector saw, because it was killed itself. */
static int each_run(const struct store_run *run, void *you)
{
	struct house *h = you;

	if (!run->ended_ns && (run->pid <= 0 || (kill(run->pid, 0) < 0 && errno == ESRCH)))
		keeper_run_ended(h->keeper, run->id, clock_real_ns(), -1);
	return 0;
}

static void open_store(struct house *h)
{
	const char *given = variable_get("ORIEL_STORE");
	int r;

	if (!h->data_dir[0])
		return;
	r = place_make_data_dir(h->data_dir);
	if (r == 0) {
		snprintf(h->store_path, sizeof(h->store_path), "%s/oriel.db", h->data_dir);
		if (given)
			snprintf(h->store_path, sizeof(h->store_path), "%s", given);
		r = store_open(&h->store, h->store_path);
	}
	if (r < 0) {
		say_wrong("store: %s path=%s; keeping everything in memory instead", err_path(r),
			  h->store_path);
		h->data_dir[0] = '\0';
		r = store_open(&h->store, NULL);
	}
	if (r == 0)
		r = keeper_new(&h->keeper, h->store);
	if (r == 0)
		store_runs(h->store, RUNS_LOOKED_AT, each_run, h);
	else
		say_wrong("store: %s; keeping nothing", err_path(r));
}

static void open_page(struct house *h)
{
	const char *listen = variable_get("ORIEL_LISTEN");
	struct view_options options = {
		.listen = listen ? listen : "127.0.0.1:8321",
		.store = h->store,
		.sources = &facts_sources,
		.you = &h->facts,
		.assets = view_assets,
		.web_dir = variable_get("ORIEL_WEB_DIR"),
	};
	int r;

	if (is_none("ORIEL_LISTEN"))
		return;
	r = view_start(&h->view, &options);
	if (r < 0) {
		say_wrong("no page: %s listen=%s", err_path(r), options.listen);
		return;
	}
	h->facts.view = h->view;
	collector_set_address(h->collector, view_address(h->view));
}

/*
 * One that was started by hand passes what it gets on to where its own settings say. One in the
 * background has them from whichever run was the first, and they are not for others.
 */
static void open_own_route(struct house *h)
{
	struct out block = { 0 };

	for (char **v = environ; *v; v++)
		if (setting_is(str_of(*v)))
			out_bytes(&block, *v, strlen(*v) + 1);
	if (!block.error)
		routes_open_own(h->routes, &(struct settings){ out_all(&block) });
	out_fini(&block);
}

static const char *listen_on(const char *name, const char *otherwise)
{
	const char *value = variable_get(name);

	return is_none(name) ? NULL : value ? value : otherwise;
}

/* A port that was taken, or can't be had. */
static void tell_port(const struct house *h, const char *what, enum receive_port port,
		      const char *wanted)
{
	const char *got = receive_address(h->receive, port);

	if (wanted && receive_why(h->receive, port) < 0)
		say_wrong("no intake: %s can't listen on %s: %s", what, wanted,
			  strerror(-receive_why(h->receive, port)));
	else if (wanted && strcmp(got, wanted) != 0 && !str_ends(str_of(wanted), STR(":0")))
		say("intake: %s is at %s, because %s is taken", what, got, wanted);
}

static void open_intake(struct house *h)
{
	struct receive_options options = {
		.listen = { [RECEIVE_HTTP] = listen_on("ORIEL_OTLP_LISTEN", "127.0.0.1:4318"),
			    [RECEIVE_GRPC] = listen_on("ORIEL_OTLP_GRPC_LISTEN", "127.0.0.1:4317"),
			    [RECEIVE_ZIPKIN] = listen_on("ORIEL_ZIPKIN_LISTEN", NULL) },
		.sender = http_sender,
		.sink = { routes_receive, h->routes },
	};
	int r = receive_start(&h->receive, &options);

	if (r < 0) {
		say_wrong("no intake: %s", err_path(r));
		return;
	}
	tell_port(h, "OTLP over HTTP", RECEIVE_HTTP, options.listen[RECEIVE_HTTP]);
	tell_port(h, "OTLP over gRPC", RECEIVE_GRPC, options.listen[RECEIVE_GRPC]);
	tell_port(h, "Zipkin", RECEIVE_ZIPKIN, options.listen[RECEIVE_ZIPKIN]);
	h->facts.receive = h->receive;
	collector_set_intake(h->collector, receive_address(h->receive, RECEIVE_HTTP));
}

/* What our own exporters call themselves, so that our own intake knows them. */
static void name_ourselves(void)
{
	uint8_t id[(HTTP_SENDER - 1) / 2];

	if (getrandom(id, sizeof(id), GRND_NONBLOCK) == sizeof(id))
		hex_write(http_sender, id, sizeof(id));
}

/* Whoever started us waits for the other end of this pipe. */
static void tell_ready(void)
{
	const char *fd = variable_get("ORIEL_READY_FD");

	if (fd && strcmp(fd, "3") == 0)
		close(3);
	unsetenv("ORIEL_READY_FD");
}

static const char *address_or_none(const struct house *h, enum receive_port port)
{
	const char *address = receive_address(h->receive, port);

	return address[0] ? address : "none";
}

static int open_house(struct house *h, bool background)
{
	struct collector_options options = { .linger_ms = linger(background),
					     .sink = &routes_sink };
	const char *interval = variable_get("OTEL_METRIC_EXPORT_INTERVAL");
	uint64_t ms;
	int r = place_run_dir(h->run_dir);

	if (r == 0)
		r = routes_new(&h->routes);
	if (r < 0) {
		say_wrong("can't collect: %s", err_path(r));
		return 1;
	}
	/* One in the background has the environment of whichever run came first, and that says nothing of others. */
	if (!background && interval && str_to_u64(str_of(interval), &ms) && ms <= UINT32_MAX)
		options.export_ms = (uint32_t)ms;
	if (!is_none("ORIEL_STORE") && place_data_dir(h->data_dir) == 0)
		options.data_dir = h->data_dir;
	options.run_dir = h->run_dir;
	options.you = h->routes;
	r = collector_new(&h->collector, &options);
	if (r < 0)
		return complain_of_lock(h->run_dir, r, background);
	routes_set_collector(h->routes, h->collector);
	take_signals(h->collector);
	open_store(h);
	routes_set_keeper(h->routes, h->keeper);
	if (h->data_dir[0] && routes_set_queue(h->routes, h->data_dir) < 0)
		say_wrong("nothing that can't be sent waits on disk");
	h->facts = (struct facts){
		.collector = h->collector,
		.routes = h->routes,
		.run_dir = h->run_dir,
		.data_dir = h->data_dir,
		.started_ns = clock_real_ns(),
	};
	name_ourselves();
	open_page(h);
	if (!background)
		open_own_route(h);
	open_intake(h);
	tell_ready();
	routes_set_looking(h->routes, facts_looking, &h->facts);
	say("collecting pid=%d run_dir=%s page=%s%s otlp=%s grpc=%s store=%s", getpid(), h->run_dir,
	    h->view ? "http://" : "none", h->view ? view_address(h->view) : "",
	    address_or_none(h, RECEIVE_HTTP), address_or_none(h, RECEIVE_GRPC),
	    !h->store	     ? "none"
	    : h->data_dir[0] ? h->store_path
			     : "memory");
	return -1;
}

/* The page first: it asks the others. The store last: the others give to it. */
static void close_house(struct house *h)
{
	h->view = view_stop(h->view);
	h->receive = receive_stop(h->receive);
	routes_ending(h->routes);
	h->collector = collector_free(h->collector);
	h->routes = routes_free(h->routes);
	h->keeper = keeper_free(h->keeper, KEEP_MS);
	h->store = store_free(h->store);
}

/*
 * Services come first: where processors are short, a collector that nobody started by hand takes
 * what they leave. Its session is a scheduling group of its own where the kernel makes such groups;
 * elsewhere the nice value of the thread that keeps (keeper.c) is all.
 */
static void be_modest(void)
{
	scoped_fd int fd = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "15", 2) != 2)
		say_wrong("can't lower the priority: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	bool background = argc > 1 && strcmp(argv[1], "--background") == 0;
	static struct house house;
	int status = open_house(&house, background);
	int r;

	if (status >= 0)
		return status;
	if (background)
		be_modest();
	r = collector_run(house.collector);
	if (r < 0)
		say_wrong("collecting failed: %s", err_path(r));
	else if (stopped_by)
		say("leaving, as signal SIG%s says; delivering what is there",
		    sigabbrev_np(stopped_by));
	else
		say("leaving, as there is nothing to do; the next run starts another");
	close_house(&house);
	return r < 0 ? 1 : 0;
}
