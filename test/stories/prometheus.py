# SPDX-License-Identifier: Apache-2.0
"""prometheus.py SERVICE METRICS SECONDS: clients of test/programs/prefork while a scraper looks.

Four clients ask SERVICE for SECONDS and count what they were answered; meanwhile METRICS is read again and
again, and a total that falls is told. At the end the total must become what the clients counted."""

import sys
import threading
import time
import urllib.request

service, metrics, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
end = time.monotonic() + seconds
counted = [0] * 4
failed = [0] * 4


def client(i):
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(service + "/cart", timeout=5) as r:
                if r.read() == b"ok\n":
                    counted[i] += 1
        except OSError:
            failed[i] += 1


def scraped(name):
    with urllib.request.urlopen(metrics, timeout=5) as r:
        text = r.read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith((name + "{", name + " ")))


clients = [threading.Thread(target=client, args=(i,)) for i in range(4)]
for c in clients:
    c.start()
last, looks = 0, 0
while time.monotonic() < end:
    now = scraped("jobs_total")
    if now < last:
        sys.exit(f"the total fell from {last} to {now}")
    last = now
    looks += 1
for c in clients:
    c.join()
until = time.monotonic() + 10
while scraped("jobs_total") != sum(counted) and time.monotonic() < until:
    time.sleep(0.05)
print(f"counted={sum(counted)} failed={sum(failed)} looks={looks} "
      f"jobs={scraped('jobs_total'):.0f} durations={scraped('job_duration_seconds_count'):.0f} "
      f"waiting={scraped('jobs_waiting'):.0f}")
sys.exit(scraped("jobs_total") != sum(counted) or scraped("job_duration_seconds_count") != sum(counted)
         or scraped("jobs_waiting") != 0 or sum(counted) == 0)
