// SPDX-License-Identifier: GPL-2.0
/* The beginning and the end of a network namespace. */

#include <linux/random.h>
#include <net/inet_common.h>
#include <xtcp/hooks.h>
#include <xtcp/af.h>
#include <xtcp/net.h>
#include <xtcp/request.h>
#include <xtcp/timewait.h>

unsigned int xtcp_net_id __read_mostly;

static void draw_secrets(struct xtcp_secrets *secrets)
{
	get_random_bytes(secrets, sizeof(*secrets));
}

/* A new namespace begins with what the first one has now. */
static void init_knobs(struct xtcp_net *xn)
{
	if (net_eq(xn->net, &init_net))
		xtcp_net_defaults(&xn->knobs);
	else
		xn->knobs = xtcp_net(&init_net)->knobs;
}

static int __net_init netns_init(struct net *net)
{
	struct xtcp_net *xn = xtcp_net(net);
	int err;

	xn->net = net;
	init_knobs(xn);
	draw_secrets(&xn->secrets);
	xtcp_hooks_init(xn);
	err = xtcp_counters_init(xn);
	if (err)
		return err;
	err = xtcp_fastopen_init(xn);
	if (err)
		goto err_counters;
	err = xtcp_request_init(xn);
	if (err)
		goto err_fastopen;
	err = xtcp_timewait_init(xn);
	if (err)
		goto err_request;
	/* Sends for flows without a socket; not hashed, holds no namespace. */
	err = inet_ctl_sock_create(&xn->ctl_sk, PF_INET, SOCK_RAW, IPPROTO_XTCP, net);
	if (err)
		goto err_timewait;
	err = xtcp_ipv6_net_init(xn);
	if (err)
		goto err_ctl_sk;
	err = xtcp_proc_register(net);
	if (err)
		goto err_ipv6;
	err = xtcp_abort_register(net);
	if (err)
		goto err_proc;
	err = xtcp_sysctl_register(xn);
	if (err)
		goto err_abort;
	return 0;

err_abort:
	xtcp_abort_unregister(net);
err_proc:
	xtcp_proc_unregister(net);
err_ipv6:
	xtcp_ipv6_net_exit(xn);
err_ctl_sk:
	inet_ctl_sock_destroy(xn->ctl_sk);
err_timewait:
	xtcp_timewait_exit(xn);
err_request:
	xtcp_request_exit(xn);
err_fastopen:
	xtcp_fastopen_exit(xn);
err_counters:
	xtcp_counters_exit(xn);
	return err;
}

static void __net_exit netns_exit(struct net *net)
{
	struct xtcp_net *xn = xtcp_net(net);

	xtcp_sysctl_unregister(xn);
	xtcp_abort_unregister(net);
	xtcp_proc_unregister(net);
	xtcp_timewait_exit(xn);
	xtcp_request_exit(xn);
	xtcp_hooks_exit(xn);
	xtcp_fastopen_exit(xn);
	xtcp_ipv6_net_exit(xn);
	inet_ctl_sock_destroy(xn->ctl_sk);
	xtcp_counters_exit(xn);
}

static struct pernet_operations ops = {
	.init	= netns_init,
	.exit	= netns_exit,
	.id	= &xtcp_net_id,
	.size	= sizeof(struct xtcp_net),
};

int xtcp_netns_init(void)
{
	return register_pernet_subsys(&ops);
}

void xtcp_netns_exit(void)
{
	unregister_pernet_subsys(&ops);
}
