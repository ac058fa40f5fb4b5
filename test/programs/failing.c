/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failing: errors with their stacks, N of each (1 if not given), from two places; then the answer that
 * a failed request gets.
 *
 *     failing [N]
 */
#include <oriel.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FUNCTION static __attribute__((noinline))

static volatile int done;

FUNCTION void refuse(int order)
{
	char why[64];

	snprintf(why, sizeof(why), "order %d refused by \"bank %d\"", order, order % 3);
	oriel_error_here("PaymentRefused", why, oriel_int("order.id", order));
	done++;
}

FUNCTION void pay(int order)
{
	ORIEL_SPAN ("pay") {
		refuse(order);
	}
	done++;
}

FUNCTION void look_up(int order)
{
	oriel_error_here("NotFound", "no such order", oriel_int("order.id", order));
	done++;
}

FUNCTION void handle(void)
{
	char body[ORIEL_FAILURE_ROOM];

	oriel_set_request_id("req-4711");
	oriel_failure(.method = "POST", .path = "/orders?token=x", .type = "OutOfStock",
		      .message = "no hats left");
	oriel_failure_body(ORIEL_JSON, body);
	printf("%s %s\n", oriel_failure_type(ORIEL_JSON), body);
	oriel_failure_body(ORIEL_PROBLEM, body);
	printf("%s %s\n", oriel_failure_type(ORIEL_PROBLEM), body);
}

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 1;
	char trace[33];

	oriel_start(ORIEL_OPTIONS(.service = "failing", .version = argc > 2 ? argv[2] : "1.0"));
	ORIEL_SPAN ("request") {
		oriel_trace_id(trace);
		puts(trace);
		for (int i = 0; i < n; i++)
			pay(1000 + i);
		look_up(7);
		oriel_span_error(NULL, "Timeout", "after 30 s");
		handle();
	}
	return 0;
}
