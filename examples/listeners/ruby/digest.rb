#!/usr/bin/env ruby
# Mails a digest of what went wrong, at most once in so many minutes: digest.rb ADDRESS MINUTES [SENDMAIL COMMAND]
#
# The clock is TICK_60: the digest goes out with the first tick after MINUTES. What is not mailed yet when the daemon ends
# is mailed then.

address, minutes, *command = ARGV
abort "usage: #{$0} ADDRESS MINUTES [COMMAND...]" unless minutes
command = %w[/usr/sbin/sendmail -t -i] if command.empty?

# The protocol is UTF-8, whatever the locale says.
$stdin.set_encoding("UTF-8")
$stdout.sync = true

def tokens(line)
  line.split.select { |word| word.include?(":") }.to_h { |word| word.split(":", 2) }
end

# What is worth a line in the digest.
def line_for(name, event)
  who = "#{event['groupname']}:#{event['processname']}"
  case name
  when "PROCESS_STATE_EXITED" then "#{who} (pid #{event['pid']}) exited unexpectedly" if event["expected"] == "0"
  when "PROCESS_STATE_FATAL" then "#{who} could not be started"
  end
end

# The mail command's output must not get into the protocol.
send_digest = lambda do |lines|
  IO.popen(command, "w", out: :err) do |mail|
    mail.write("To: #{address}\nSubject: #{lines.size} failures\n\n#{lines.join("\n")}\n")
  end
rescue SystemCallError => error
  warn "cannot mail: #{error.message}"
end

lines = []
ticks = 0
loop do
  $stdout.write("READY\n")
  header = tokens($stdin.gets || break)
  # len counts characters, and so does each_char.
  payload = $stdin.each_char.first(header["len"].to_i).join
  break if payload.length < header["len"].to_i
  event = tokens(payload.lines.first.to_s)
  line = line_for(header["eventname"], event)
  lines << "#{Time.now.strftime('%F %T')} #{line}" if line
  ticks += 1 if header["eventname"] == "TICK_60"
  if ticks >= minutes.to_i
    send_digest.call(lines) unless lines.empty?
    lines.clear
    ticks = 0
  end
  $stdout.write("RESULT 2\nOK")
end
send_digest.call(lines) unless lines.empty?
