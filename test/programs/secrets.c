/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program that says secrets wherever it can: through liboriel, and through libraries that the agent
 * watches. All of them have "zqx9" in them or are well known (a test card, an example key); what is
 * harmless has "kept". Prints "said" and ends with its standard input.
 *
 *     secrets URL REDIS-SOCKET [--password ..]       PostgreSQL by PGHOST and its kin
 */
#include <oriel.h>

#include <curl/curl.h>
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char key_block[] = "-----BEGIN RSA PRIVATE KEY-----\n"
				"zqx9pem/MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeK\n"
				"-----END RSA PRIVATE KEY-----";

static void spans(void)
{
	char key[32];

	ORIEL_SPAN ("login password=zqx9name of kept-name", oriel_str("password", "zqx9attribute"),
		    oriel_str("shipping_cost", "kept-cost"), oriel_str("author", "kept-author"),
		    oriel_int("session_id", 99999917), oriel_str("mapping", "kept-mapping")) {
		snprintf(key, sizeof(key), "user.%s.value", "passwd");
		oriel_span_set(NULL, oriel_str(key, "zqx9nested"), oriel_str("key", key_block),
			       oriel_strs("http.request.header.set-cookie",
					  (const char *[]){ "a=zqx9setcookie", "b=zqx9second" }, 2),
			       oriel_strs("notes", (const char *[]){ "kept-note", "pw=zqx9note" },
					  2));
		oriel_span_event(NULL, "kept-event got Bearer zqx9bearer.in.event",
				 oriel_str("card", "4111 1111 1111 1111 kept-card"),
				 oriel_str("apiKey", "zqx9apikey"));
		oriel_span_error(NULL, "kept-type",
				 "kept-message: AKIAIOSFODNN7EXAMPLE, {\"secret\": \"zqx9json\"}");
		oriel_span_name(NULL, "kept-renamed token=zqx9renamed");
	}
}

static void logs(void)
{
	oriel_info("kept-body Authorization: Basic enF4OXBhc3N3b3Jk", oriel_str("ssn", "zqx9ssn"),
		   oriel_str("user", "kept-user"));
	oriel_errorf("kept-printed %s failed with password='%s' at %s", "login", "zqx9 printed",
		     "postgres://bob:zqx9dsn@db/kept-database");
	oriel_warn("eyJhbGciOiJIUzI1NiJ9.eyJ6cXg5IjoiMSJ9.zqx9jwt kept-jwt");
}

static void metrics(void)
{
	struct oriel_counter *c = oriel_counter("logins", "{login}", "Logins");

	for (int i = 0; i < 3; i++)
		oriel_add(c, 1, oriel_str("token", "zqx9label"), oriel_str("shop", "kept-shop"));
	oriel_add(c, 1, oriel_str("by", "5500-0000-0000-0004"));
}

static size_t nothing(char *p, size_t size, size_t n, void *arg)
{
	(void)p, (void)arg;
	return size * n;
}

static void fetch(const char *url)
{
	CURL *c = curl_easy_init();
	struct curl_slist *fields = curl_slist_append(NULL, "Authorization: Bearer zqx9header");

	fields = curl_slist_append(fields, "Cookie: sid=zqx9cookie");
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, nothing);
	curl_easy_perform(c);
	curl_slist_free_all(fields);
	curl_easy_cleanup(c);
}

static void cache(const char *socket)
{
	static const char *const commands[] = { "AUTH zqx9auth", "SET session:zqx9key zqx9value",
						"GET kept-key",
						"SETEX token:zqx9token 60 zqx9value" };
	redisContext *c = redisConnectUnix(socket);

	for (size_t i = 0; c && !c->err && i < sizeof(commands) / sizeof(commands[0]); i++)
		freeReplyObject(redisCommand(c, commands[i]));
	if (c)
		redisFree(c);
}

static void database(void)
{
	PGconn *c = PQconnectdb("password=zqx9conninfo");

	PQclear(PQexec(c, "SELECT 'zqx9literal' AS kept_column, 4111111111111111"));
	PQclear(PQexec(c, "SELECT 'zqx9cast'::int"));
	PQclear(PQexec(c, "ALTER ROLE kept_role PASSWORD 'zqx9role' -- zqx9comment"));
	PQfinish(c);
}

int main(int argc, char **argv)
{
	char c;

	if (argc < 3)
		return 2;
	oriel_start(NULL);
	oriel_baggage_set("token", "zqx9baggage");
	spans();
	logs();
	metrics();
	fetch(argv[1]);
	cache(argv[2]);
	database();
	puts("said");
	fflush(stdout);
	while (read(STDIN_FILENO, &c, 1) > 0)
		;
	return 0;
}
