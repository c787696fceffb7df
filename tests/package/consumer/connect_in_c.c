/* A program in C with the whole client, and no daemon. */
#include <stdio.h>
#include <tactic/tactic_link.h>

int main(void) {
  tactic_client_options options;
  TACTIC_INIT(&options);
  options.target = "unix:/nonexistent/tacticd.sock";
  tactic_client* client = NULL;
  if (tactic_client_create(&options, &client) != TACTIC_OK) {
    fprintf(stderr, "%s\n", tactic_last_error());
    return 1;
  }
  tactic_client_statistics statistics;
  TACTIC_INIT(&statistics);
  const tactic_status status = tactic_client_get_statistics(client, &statistics);
  printf("freshness %d\n", statistics.freshness);
  tactic_client_destroy(client);
  return status != TACTIC_OK || statistics.freshness != TACTIC_OFFLINE;
}
