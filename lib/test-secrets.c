/* SPDX-License-Identifier: Apache-2.0 */
/* No planted secret is in a segment, wherever in a program it was, and what is harmless is there. */
#include "lib/test-segment.h"

static const char *const secrets[] = { "hunter2", "4111111111111111", "AKIAIOSFODNN7EXAMPLE",
				       "dXNlcjpwYXNz", "c0ffee" };

static unsigned char bytes[8 << 20];
static size_t n_bytes;

static void read_file(const char *name)
{
	char path[512];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	assert_true(fd >= 0);
	while ((n = read(fd, bytes + n_bytes, sizeof(bytes) - n_bytes)) > 0)
		n_bytes += (size_t)n;
	close(fd);
	unlink(path);
}

/* All that the segments hold after `work`. */
static void left_by(void (*work)(void))
{
	DIR *d;

	n_bytes = 0;
	assert_int_equal(in_child(work), 0);
	d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		if (strstr(e->d_name, SEGMENT_SUFFIX))
			read_file(e->d_name);
	closedir(d);
	assert_true(n_bytes > 0);
}

static bool has(const char *text)
{
	return memmem(bytes, n_bytes, text, strlen(text)) != NULL;
}

static void no_secret(void)
{
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (has(secrets[i]))
			fail_msg("%s is there", secrets[i]);
}

static void spans(void)
{
	char text[64] = "Basic dXNlcjpwYXNz";

	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("login with password=hunter2", oriel_str("password", "hunter2"),
		    oriel_str("shipping_cost", "seven"), oriel_str("author", "Jane")) {
		oriel_span_set(NULL, oriel_str("http.request.header.authorization", text),
			       oriel_str("mapping", "kept"));
		oriel_span_event(NULL, "got Bearer c0ffeec0ffee", oriel_str("note", "pwd=hunter2"));
		oriel_span_event(NULL, "paid", oriel_str("by", "4111111111111111"),
				 oriel_str("to", "shop"));
		oriel_span_error(NULL, "auth", "AKIAIOSFODNN7EXAMPLE is not welcome");
		oriel_span_name(NULL, "login api_key=c0ffee");
		oriel_span_status(NULL, ORIEL_ERROR, "token: c0ffee");
	}
}

static void spans_have_none(void **state)
{
	(void)state;
	left_by(spans);
	no_secret();
	assert_true(has("shipping_costseven") && has("authorJane") && has("mappingkept") &&
		    has("is not welcome") && has("toshop") &&
		    has("login with password=[REDACTED]"));
}

static void logs(void)
{
	char wide[1200];

	must(oriel_start(NULL) == 0);
	oriel_info("login", oriel_str("user.password.value", "hunter2"), oriel_str("user", "bob"));
	oriel_info("Authorization: Basic dXNlcjpwYXNz");
	oriel_infof("user %s password=%s", "bob", "hunter2");
	memset(wide, ' ', sizeof(wide));
	memcpy(wide + 1015, "4111111111111111", 17); /* printed, it is cut in its middle */
	oriel_infof("%s", wide);
	oriel_infof("\"api_key\":\"c0ffee\" for %d", 17);
}

static void log_records_have_none(void **state)
{
	(void)state;
	left_by(logs);
	no_secret();
	assert_false(has("411111"));
	assert_true(has("userbob") && has("user bob password=[REDACTED]") && has("for 17"));
}

static void metrics(void)
{
	struct oriel_counter *c;

	must(oriel_start(NULL) == 0);
	c = oriel_counter("logins", "{login}", "Logins");
	for (int i = 0; i < 3; i++)
		oriel_add(c, 1, oriel_str("token", "c0ffee"), oriel_str("tenant", "acme"));
	oriel_add(c, 1, oriel_str("card", "4111111111111111"));
	oriel_series_add(oriel_bind(c, oriel_str("pwd", "hunter2")), 1);
}

static void metrics_have_none(void **state)
{
	(void)state;
	left_by(metrics);
	no_secret();
	assert_true(has("tenantacme") && has("token[REDACTED]") && has("card[REDACTED]"));
}

static void resources(void)
{
	setenv("OTEL_RESOURCE_ATTRIBUTES", "team=red,db.password=hunter2,card=4111111111111111", 1);
	setenv("DD_API_KEY", "c0ffee", 1);
	setenv("ORIEL_NOTE", "kept", 1);
	must(oriel_start(NULL) == 0);
}

static void settings_have_none(void **state)
{
	(void)state;
	left_by(resources);
	no_secret();
	assert_true(has("team=red,db.password=[REDACTED]") && has("ORIEL_NOTE=kept"));
}

static void ruled(void)
{
	setenv("ORIEL_REDACT", "nick=drop, colour=hash, token=keep", 1);
	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("a", oriel_str("nick", "hunter2"), oriel_str("colour", "dXNlcjpwYXNz"),
		    oriel_str("token", "seven"))
		;
}

static void rules_of_the_environment_hold(void **state)
{
	(void)state;
	left_by(ruled);
	no_secret();
	assert_true(has("colourhash:") && has("tokenseven"));
}

static void unruled(void)
{
	setenv("ORIEL_REDACT", "off", 1);
	must(oriel_start(NULL) == 0);
	ORIEL_SPAN ("a", oriel_str("password", "hunter2"))
		;
}

static void redaction_can_be_off(void **state)
{
	(void)state;
	left_by(unruled);
	assert_true(has("passwordhunter2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_have_none),
		cmocka_unit_test(log_records_have_none),
		cmocka_unit_test(metrics_have_none),
		cmocka_unit_test(settings_have_none),
		cmocka_unit_test(rules_of_the_environment_hold),
		cmocka_unit_test(redaction_can_be_off),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
