/* SPDX-License-Identifier: Apache-2.0 */
#include "collect/vitals.h"

#include "base/scoped.h"
#include "collect/proc-stat.h"
#include "collect/teller.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>

/* Beyond this many threads their context switches aren't asked for: a file each. */
enum { THREADS_MOST = 64 };

#define SECOND_NS 1000000000ull

/* ---- reading --------------------------------------------------------------------------------------- */

bool vitals_are_wanted(const struct settings *s)
{
	struct str said = settings_get(s, STR("ORIEL_PROCESS_METRICS"));

	return !str_eq_nocase(said, STR("false")) && !str_eq(said, STR("0"));
}

/* Newer kernels tell how many there are as the directory's size. */
static int64_t count_descriptors(pid_t pid)
{
	char path[64];
	struct stat st;
	int64_t n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	if (stat(path, &st) == 0 && st.st_size > 0)
		return st.st_size;
	dir = opendir(path);
	if (!dir)
		return -1;
	for (const struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.';
	closedir(dir);
	return n;
}

static bool add_line(struct str text, const char *name, uint64_t *sum)
{
	const char *at = memmem(text.p, text.n, name, strlen(name));
	struct str rest;
	uint64_t n = 0;

	if (!at)
		return false;
	rest = str_from(text, (size_t)(at - text.p) + strlen(name));
	if (!str_to_u64(str_trim(str_cut(rest, '\n').head), &n))
		return false;
	*sum += n;
	return true;
}

static bool add_switches(pid_t pid, const char *task, uint64_t sum[2])
{
	char path[96], text[4096];

	snprintf(path, sizeof(path), "/proc/%d/task/%.20s/status", (int)pid, task);

	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	struct str all = { text, n > 0 ? (size_t)n : 0 };

	/* The second's name ends as the first's does. */
	return add_line(all, "\nvoluntary_ctxt_switches:", &sum[0]) &&
	       add_line(all, "\nnonvoluntary_ctxt_switches:", &sum[1]);
}

static void read_switches(struct vitals *v, pid_t pid)
{
	uint64_t sum[2] = { 0 };
	bool any = false;
	char path[64];
	DIR *dir;

	if (v->n_threads > THREADS_MOST)
		return;
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	if (!dir)
		return;
	for (const struct dirent *e; (e = readdir(dir));)
		if (e->d_name[0] != '.')
			any |= add_switches(pid, e->d_name, sum);
	closedir(dir);
	v->has_switches |= any;
	for (int i = 0; i < 2; i++)
		if (sum[i] > v->switches[i])
			v->switches[i] = sum[i];
}

static uint64_t uptime_of(const struct proc_stat *s)
{
	uint64_t start = s->field[STAT_START] * (SECOND_NS / (uint64_t)sysconf(_SC_CLK_TCK)), now;
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	now = (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
	return now > start ? now - start : 0;
}

void vitals_read(struct vitals *v, pid_t pid, uint64_t start_ticks)
{
	struct proc_stat s;

	if (pid <= 0 || !proc_stat_read(&s, pid) || s.field[STAT_START] != start_ticks)
		return;
	v->known = true;
	v->cpu_ticks[0] = s.field[STAT_USER];
	v->cpu_ticks[1] = s.field[STAT_SYSTEM];
	v->faults[0] = s.field[STAT_MAJOR_FAULTS];
	v->faults[1] = s.field[STAT_MINOR_FAULTS];
	v->uptime_ns = uptime_of(&s);
	if (s.state == 'Z' || s.state == 'X')
		return;
	v->resident_bytes = s.field[STAT_RESIDENT] * (uint64_t)sysconf(_SC_PAGESIZE);
	v->virtual_bytes = s.field[STAT_VIRTUAL];
	v->n_threads = s.field[STAT_THREADS];
	v->n_descriptors = count_descriptors(pid);
	read_switches(v, pid);
}

/* ---- telling --------------------------------------------------------------------------------------- */

static const struct scope scope = { .name = STR("oriel.process"), .version = STR(ORIEL_VERSION) };

static void tell_cpu(const struct teller *t, const struct vitals *v)
{
	static const struct attribute mode[2] = { TELLER_WORD("cpu.mode", "user"),
						  TELLER_WORD("cpu.mode", "system") };

	for (int i = 0; i < 2; i++) {
		struct metric_point *p = teller_tell(t, METRIC_SUM, STR("process.cpu.time"),
						     STR("s"), STR("Processor time of the process"),
						     (struct attributes){ &mode[i], 1, 0 });

		p->is_double = true;
		p->number = (double)v->cpu_ticks[i] / (double)sysconf(_SC_CLK_TCK);
	}
}

static void tell_pair(const struct teller *t, const uint64_t n[2], const struct attribute which[2],
		      struct str name, struct str unit, struct str about)
{
	for (int i = 0; i < 2; i++)
		teller_tell(t, METRIC_SUM, name, unit, about,
			    (struct attributes){ &which[i], 1, 0 })
			->integer = (int64_t)n[i];
}

static void tell_counts(const struct teller *t, const struct vitals *v)
{
	static const struct attribute fault[2] = { TELLER_WORD("system.paging.fault.type", "major"),
						   TELLER_WORD("system.paging.fault.type",
							       "minor") };
	static const struct attribute change[2] = {
		TELLER_WORD("process.context_switch.type", "voluntary"),
		TELLER_WORD("process.context_switch.type", "involuntary")
	};

	tell_pair(t, v->faults, fault, STR("process.paging.faults"), STR("{fault}"),
		  STR("Page faults of the process"));
	if (v->has_switches)
		tell_pair(t, v->switches, change, STR("process.context_switches"),
			  STR("{context_switch}"), STR("Context switches of the process"));
}

static struct metric_point *tell_one(const struct teller *t, enum metric_kind kind, struct str name,
				     struct str unit, struct str about)
{
	return teller_tell(t, kind, name, unit, about, (struct attributes){ .n = 0 });
}

void vitals_points(const struct vitals *v, struct batch *b, uint64_t now_real_ns)
{
	struct teller t = { b, &scope, now_real_ns - v->uptime_ns, now_real_ns, true };
	struct metric_point *p;

	if (!v->known)
		return;
	tell_cpu(&t, v);
	tell_counts(&t, v);
	tell_one(&t, METRIC_UP_DOWN, STR("process.memory.usage"), STR("By"),
		 STR("Physical memory of the process"))
		->integer = (int64_t)v->resident_bytes;
	tell_one(&t, METRIC_UP_DOWN, STR("process.memory.virtual"), STR("By"),
		 STR("Virtual memory of the process"))
		->integer = (int64_t)v->virtual_bytes;
	tell_one(&t, METRIC_UP_DOWN, STR("process.thread.count"), STR("{thread}"),
		 STR("Threads of the process"))
		->integer = (int64_t)v->n_threads;
	if (v->n_descriptors >= 0)
		tell_one(&t, METRIC_UP_DOWN, STR("process.open_file_descriptor.count"),
			 STR("{file_descriptor}"), STR("Open descriptors of the process"))
			->integer = v->n_descriptors;
	p = tell_one(&t, METRIC_GAUGE, STR("process.uptime"), STR("s"),
		     STR("How long the process has been running"));
	p->is_double = true;
	p->number = (double)(v->uptime_ns / (SECOND_NS / 1000)) / 1000;
}
