#!/usr/bin/env perl
# Appends a line to a CSV file for each exit, expected or not: exits-csv.pl FILE
#
#   time,group,process,pid,expected
#   2026-11-22T10:52:35Z,web,web,2766,0
use strict;
use warnings;
use Fcntl qw(:flock);
use IO::Handle;
use POSIX qw(strftime);

my $file = shift or die "usage: $0 FILE\n";

# The protocol is UTF-8. On a decoded stream read() counts characters, and so does len.
binmode STDIN,  ':encoding(UTF-8)';
binmode STDOUT, ':encoding(UTF-8)';
binmode STDERR, ':encoding(UTF-8)';
STDOUT->autoflush(1);

sub tokens { map { split /:/, $_, 2 } grep { /:/ } split ' ', shift }

# Quotes a field if it needs it.
sub field {
    my $text = shift;
    return $text unless $text =~ /[",\n]/;
    $text =~ s/"/""/g;
    return "\"$text\"";
}

sub append {
    my $line = join(',', map { field($_) } @_) . "\n";
    open my $csv, '>>:encoding(UTF-8)', $file or die "$file: $!\n";
    flock $csv, LOCK_EX or die "$file: $!\n";
    print {$csv} "time,group,process,pid,expected\n" if -z $csv;
    print {$csv} $line or die "$file: $!\n";
    close $csv or die "$file: $!\n";
}

while (1) {
    print "READY\n";
    defined(my $line = <STDIN>) or last;    # the daemon is gone
    my %header = tokens($line);
    my $payload = '';
    while (length $payload < $header{len}) {
        read(STDIN, $payload, $header{len} - length $payload, length $payload) or exit 0;
    }
    if ($header{eventname} eq 'PROCESS_STATE_EXITED') {
        my %event = tokens($payload);
        my $now = strftime '%Y-%m-%dT%H:%M:%SZ', gmtime;
        # A failure to write dies: the daemon starts us again and repeats the event.
        append($now, @event{qw(groupname processname pid expected)});
    }
    print "RESULT 2\nOK";
}
